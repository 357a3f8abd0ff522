BEGIN { this->m = memref(curthread, "8"); }
