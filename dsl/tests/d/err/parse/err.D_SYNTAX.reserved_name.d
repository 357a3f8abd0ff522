int 0abc;
