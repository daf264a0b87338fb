"""Looking after the data: verify and repair it, back it up, restore it, bring back what is aside.

What only looks creates nothing and may run beside a server. What changes a diary goes through its
store, or holds the data lock.
"""
