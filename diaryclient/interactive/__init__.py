"""`diaryclient` without a command: a prompt under today's diary, which follows what others write.

    prompt          the terminal: prompt_toolkit, and nothing that waits for the network
    network_thread  the one thread that does wait, one job after the other
    synchronizer    the jobs: send, deliver what waits, look for news, show, clear
    follower        how far today's file is known
    notices         what is said (pure)
    typed_line      what was typed (pure)

Rules: a line is in the outbox before the next one can be typed; what was typed is kept by this
program in the outbox and in memory, and in no history file, so that no diary text lies about.
"""
