// libsystemc wants one; these tests start no simulation.
#include <systemc>

int sc_main(int, char**) { return 0; }
