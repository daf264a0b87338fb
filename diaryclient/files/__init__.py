"""Files that are whole or absent, whatever ends the program, and readable by their owner only.

    scratch        what is written beside its place, and held, before it gets its name
    private_files  a small file, old or new after a power cut
    atomic_output  where an export goes: a file or a folder
    disks          names the disk that takes nothing, and tries whether one does

Rules: under its own name no file is ever half written.
"""
