BEGIN { this->m = memref(curthread); }
