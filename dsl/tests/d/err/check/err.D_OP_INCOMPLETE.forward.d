BEGIN { trace(curthread->hidden->x); }
