BEGIN { trace(timestamp); trace(probefunc); trace(cpu); trace(curthread); trace(errno); trace(walltimestamp); trace(stackdepth); }
