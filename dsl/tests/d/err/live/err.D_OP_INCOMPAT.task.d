BEGIN { this->p = curthread; this->p = "text"; }
