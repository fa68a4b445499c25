"""The waitlist that fills cancellations: who waits, what they are offered, how they answer.

Its modules are imported one by one: `offers` is below moving and undoing a visit, `answers` above.
"""
