BEGIN { trace(curthread->mm->no_such_member); }
