BEGIN { trace(pid); trace(execname); trace(curthread->comm); trace(*curthread); trace((char)1); }
