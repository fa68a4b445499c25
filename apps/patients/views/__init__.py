"""The pages of patients, and the fragments that other pages include."""
