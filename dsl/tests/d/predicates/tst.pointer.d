/* A pointer is true unless it is NULL. */
BEGIN /curthread/ { printf("thread\n"); }
BEGIN /curthread == NULL/ { printf("none\n"); }
BEGIN { exit(0); }
