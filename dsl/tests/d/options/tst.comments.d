/* Comments and an interpreter line. */
/* before */
BEGIN /* between */ { /* within */ printf("x\n"); /* and * at / the end */ exit(0); }
