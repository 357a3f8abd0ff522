BEGIN /execname == "bash" || execname > "c"/ { trace(execname != curthread->comm); trace(strstr(execname, "x") == NULL); }
