BEGIN { trace(&curthread->flag); }
