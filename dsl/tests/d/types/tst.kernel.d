BEGIN { trace(curthread->pid); trace(stringof(curthread->comm)); trace(curthread->parent->parent->pid); trace(curthread->mm->total_vm); trace(curthread->inner_b); trace(curthread->flag); }
