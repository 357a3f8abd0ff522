BEGIN { this->p = (int *)arg0; trace(this->p[pid]); trace(*(this->p + 2)); trace(&this->p[3] - this->p); this->p++; trace((uint64_t)this->p); }
