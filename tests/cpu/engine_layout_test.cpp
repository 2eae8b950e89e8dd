// The proof that the installed library is laid out as a row of the table says: it must refuse every other
// row, and survive the look.
#include "engine_layout.h"

#include <gtest/gtest.h>

namespace smmuvp::cpu {
namespace {

class EngineLayouts : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string why = m_functions.resolve();
    if (why.empty()) m_layout = find_layout(m_functions, why);
    if (m_layout == nullptr) GTEST_SKIP() << "this libunicorn is not known: " << why;
  }
  EngineFunctions m_functions{};
  const EngineLayout* m_layout = nullptr;
};

TEST_F(EngineLayouts, AreRefusedWhenOneOffsetIsWrong) {
  size_t EngineLayout::*const fields[] = {&EngineLayout::uc_stop_interrupt,
                                          &EngineLayout::uc_cpu,
                                          &EngineLayout::uc_target_bits,
                                          &EngineLayout::uc_mapped_blocks,
                                          &EngineLayout::uc_mapped_block_count,
                                          &EngineLayout::class_exec_interrupt,
                                          &EngineLayout::arm_tlb,
                                          &EngineLayout::arm_env,
                                          &EngineLayout::arm_cp_regs,
                                          &EngineLayout::tlb_entry_bits};
  for (size_t i = 0; i < std::size(fields); ++i) {
    for (const size_t shift : {size_t{0} - 16, size_t{0} - 8, size_t{0} - 4, size_t{4}, size_t{8}, size_t{16},
                               size_t{4096}, size_t{1} << 40}) {
      EngineLayout wrong = *m_layout;
      wrong.*fields[i] += fields[i] == &EngineLayout::tlb_entry_bits ? (shift >> 3) % 7 + 1 : shift;
      EXPECT_FALSE(differs(wrong, m_functions).empty())
          << "field " << i << ", shift " << static_cast<long>(shift);
    }
  }
}

TEST_F(EngineLayouts, AreReadSafelyWhereNothingIsMapped) {
  int value = 0;
  EXPECT_TRUE(probe(&value, value));
  EXPECT_FALSE(probe(nullptr, value));
  EXPECT_FALSE(probe(reinterpret_cast<const void*>(~uintptr_t{0} - 8), value));
  EXPECT_TRUE(probe(&value, value)) << "what failed leaves nothing behind";
}

}  // namespace
}  // namespace smmuvp::cpu
