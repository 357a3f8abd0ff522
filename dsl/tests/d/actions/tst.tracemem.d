BEGIN { tracemem(arg0, 16); tracemem(curthread, 32, pid); }
