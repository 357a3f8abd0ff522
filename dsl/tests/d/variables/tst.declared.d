int8_t c; string s; self uint64_t t; this char *p; int a[string, int]; BEGIN { c = 300; s = "x"; self->t = c; this->p = (char *)arg0; a["k", 1] += c; trace(*this->p); }
