BEGIN { trace(curthread->comn); }
