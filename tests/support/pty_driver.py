"""Runs a program in a terminal of its own and writes all that it shows into a file, while it runs.

usage: pty_driver.py FILE COLUMNS PROGRAM [ARGUMENT...]
Ends with the program's exit code; 128 + the signal's number where it was killed.
"""

import fcntl
import os
import pty
import struct
import sys
import termios

path, columns, program = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
pid, terminal = pty.fork()
if pid == 0:
    # Set from inside, before the program can ask for it.
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    os.execvp(program[0], program)
with open(path, "wb", buffering=0) as shown:
    while True:
        try:
            text = os.read(terminal, 65536)
        except OSError:  # EIO: the last one who had the terminal has gone
            break
        if not text:
            break
        shown.write(text)
status = os.waitpid(pid, 0)[1]
sys.exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
