"""Run one command and print its wall time in seconds, peak resident memory in KiB and exit code.

A process of its own, because a child's peak starts at the size of whoever started it: this one is
smaller than anything that it runs. What the command says goes to the file named first.
"""

import os
import sys
import time

output, *command = sys.argv[1:]
said = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
nothing = os.open(os.devnull, os.O_RDONLY)
streams = [(os.POSIX_SPAWN_DUP2, nothing, 0)]
streams += [(os.POSIX_SPAWN_DUP2, said, number) for number in (1, 2)]
started = time.perf_counter()
process = os.posix_spawn(command[0], command, os.environ, file_actions=streams)
_, status, usage = os.wait4(process, 0)
print(time.perf_counter() - started, usage.ru_maxrss, os.waitstatus_to_exitcode(status))
