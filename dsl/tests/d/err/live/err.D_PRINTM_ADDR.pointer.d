BEGIN { printm(4, curthread); }
