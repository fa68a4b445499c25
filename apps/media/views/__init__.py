"""The pages of files, and the addresses that stored bytes are read and written at."""
