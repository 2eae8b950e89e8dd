// main() of a GoogleTest binary that holds one SystemC bench.
#include <gtest/gtest.h>

#include <systemc>

int main(int argc, char** argv) { return sc_core::sc_elab_and_sim(argc, argv); }

int sc_main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
