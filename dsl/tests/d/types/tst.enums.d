enum e { A, B = 7 }; BEGIN { trace(A + B); trace(TASK_DEAD); trace(curthread->__state == TASK_RUNNING); }
