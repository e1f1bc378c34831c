"""The real engine under faults: a seeded schedule decides which statement of which worker runs next, and what goes wrong.

Deliveries are doubled, reordered, held back and dropped until a snapshot restates them; documents are first seen in older versions;
workers are killed between any two statements; the policy changes under them. Time is virtual. Whatever happens, what is left in the end
must be what an undisturbed evaluation of the same documents gives: byte for byte.
"""
