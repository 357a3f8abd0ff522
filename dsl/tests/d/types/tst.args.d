sdt:::switch { trace(args[0]); trace(args[1]->pid); trace(stringof(args[2]->comm)); trace(args[2]->comm); printf("%s", stringof(args[3])); trace(args[4]); }
