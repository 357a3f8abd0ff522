/* The status may be computed. */
/* @exit: 7 */
BEGIN { this->n = 3; exit(this->n * 2 + 1); }
