short void *x;
