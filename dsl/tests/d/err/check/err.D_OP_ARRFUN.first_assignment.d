BEGIN { x = curthread->comm; }
