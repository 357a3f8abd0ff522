/* @err: ^dtrace: error on enabled probe ID 1 \(ID 1: dtrace:::BEGIN\): couldn't set option "nosuch" to "1": Invalid option name$ */
BEGIN { setopt("nosuch"); printf("goes on\n"); exit(0); }
