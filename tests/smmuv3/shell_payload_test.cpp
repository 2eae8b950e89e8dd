// What the SystemC module makes of one payload: parts, byte enables, streaming, atomics, debug.
#include <array>
#include <vector>

#include "shell_bench.h"
#include "smmuvp/smmu_sc/payload.h"
#include "smmuvp/tlm/compare_swap_extension.h"

namespace smmuvp::shell {
namespace {

TEST_F(Shell, ATransactionThatCrossesPagesIsSplitInOrder) {
  Bench& b = bench();
  pgtable::Builder& t = map(7, 0x10000, 0x8000'0000, 0x1000);
  ASSERT_TRUE(t.map(0x11000, 0x9000'5000, 0x1000));
  std::vector<std::uint8_t> data(64);
  for (unsigned i = 0; i < 64; ++i) data[i] = static_cast<std::uint8_t>(i);
  b.in_simulation([&] { EXPECT_EQ(b.transport(0x10fe0, data.data(), 64, true), tlm::TLM_OK_RESPONSE); });
  ASSERT_EQ(b.seen.size(), 2U);
  EXPECT_EQ(b.seen[0].address, 0x8000'0fe0U);
  EXPECT_EQ(b.seen[0].length, 32U);
  EXPECT_EQ(b.seen[1].address, 0x9000'5000U);
  EXPECT_EQ(b.world.memory.at(0x9000'501f), 63);
}

TEST_F(Shell, AFaultInALaterPartLeavesEarlierPartsDoneAndRecordsOneEvent) {
  Bench& b = bench();
  map(7, 0x10000, 0x8000'0000, 0x1000);
  std::vector<std::uint8_t> data(0x2000 + 64, 0xa5);
  b.in_simulation(
      [&] { EXPECT_EQ(b.transport(0x10fe0, data.data(), 0x2000, true), tlm::TLM_ADDRESS_ERROR_RESPONSE); });
  EXPECT_EQ(b.world.memory.at(0x8000'0fff), 0xa5);
  EXPECT_EQ(b.reg(0x100a8), 1U);
  EXPECT_EQ(b.world.memory.read(smmuv3::World::eventq, 1), 0x10U);
  EXPECT_EQ(b.world.memory.read(smmuv3::World::eventq + 16, 8), 0x11000U);
  EXPECT_EQ(b.eventq_edges, 1);
}

TEST_F(Shell, ByteEnablesAreHonouredAcrossPages) {
  Bench& b = bench();
  pgtable::Builder& t = map(7, 0x10000, 0x8000'0000, 0x1000);
  ASSERT_TRUE(t.map(0x11000, 0x9000'0000, 0x1000));
  std::array<unsigned char, 3> enables{0xff, 0, 0xff};
  std::array<unsigned char, 12> data{};
  data.fill(0x55);
  b.in_simulation([&] {
    tlm::tlm_generic_payload p;
    p.set_command(tlm::TLM_WRITE_COMMAND);
    p.set_address(0x10ffb);
    p.set_data_ptr(data.data());
    p.set_data_length(12);
    p.set_streaming_width(12);
    p.set_byte_enable_ptr(enables.data());
    p.set_byte_enable_length(3);
    sc_time d;
    b.master->b_transport(p, d);
    EXPECT_EQ(p.get_response_status(), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(p.get_address(), 0x10ffbU);
    EXPECT_EQ(p.get_byte_enable_ptr(), enables.data());
    EXPECT_EQ(p.get_data_ptr(), data.data());
  });
  for (unsigned i = 0; i < 12; ++i) {
    const std::uint64_t at = i < 5 ? 0x8000'0ffb + i : 0x9000'0000 + i - 5;
    EXPECT_EQ(b.world.memory.at(at), i % 3 == 1 ? 0 : 0x55) << i;
  }
}

TEST_F(Shell, ACompareAndSwapIsNeverCut) {
  Bench& b = bench();
  pgtable::Builder& t = map(7, 0x10000, 0x8000'0000, 0x1000);
  ASSERT_TRUE(t.map(0x11000, 0x9000'0000, 0x1000));
  b.in_simulation([&] {
    std::uint64_t v = 1;
    tlm::tlm_generic_payload p;
    CompareSwapExtension swap;
    p.set_command(tlm::TLM_WRITE_COMMAND);
    p.set_data_ptr(reinterpret_cast<unsigned char*>(&v));
    p.set_data_length(8);
    p.set_extension(&swap);
    const auto send = [&](std::uint64_t address, unsigned width) {
      sc_time d;
      p.set_address(address);
      p.set_streaming_width(width);
      b.master->b_transport(p, d);
      return p.get_response_status();
    };
    EXPECT_EQ(send(0x10ffc, 8), tlm::TLM_BURST_ERROR_RESPONSE) << "of two pages";
    EXPECT_EQ(send(0x10100, 4), tlm::TLM_BURST_ERROR_RESPONSE) << "of two beats";
    EXPECT_TRUE(b.seen.empty());
    EXPECT_EQ(send(0x10ff8, 8), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(b.seen.size(), 1U);
    p.clear_extension(&swap);
  });
}

TEST_F(Shell, ACompareAndSwapOfTheSmmuCarriesWhatIsExpectedAndIsUnsupportedUnlessItIsAnswered) {
  smmu::MemoryOp op;
  op.kind = smmu::MemoryOpKind::compare_and_swap;
  op.size = 8;
  op.expected = 0x1122;
  smmu::store_word(op.data, 0, 0x3344);
  smmu::OpPayload p(op);
  EXPECT_TRUE(p.payload().is_write());
  auto* swap = p.payload().get_extension<CompareSwapExtension>();
  ASSERT_NE(swap, nullptr);
  EXPECT_EQ(swap->expected, 0x1122U);
  p.payload().set_response_status(tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(p.answer(8, 0).status, smmu::MemoryStatus::unsupported_atomic);
  swap->answered = true;
  swap->observed = 0x5566;
  EXPECT_EQ(p.answer(8, 0).status, smmu::MemoryStatus::ok);
  EXPECT_EQ(smmu::load_word(p.answer(8, 0).data, 0), 0x5566U) << "the value before";
  p.payload().set_response_status(tlm::TLM_COMMAND_ERROR_RESPONSE);
  EXPECT_EQ(p.answer(8, 0).status, smmu::MemoryStatus::unsupported_atomic);
  p.payload().set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_EQ(p.answer(8, 0).status, smmu::MemoryStatus::external_abort);
}

TEST_F(Shell, AStreamingWindowIsTranslatedOnceAndStaysInPlace) {
  Bench& b = bench();
  pgtable::Builder& t = map(7, 0x10000, 0x8000'0000, 0x1000);
  ASSERT_TRUE(t.map(0x11000, 0x9000'0000, 0x1000));
  std::array<unsigned char, 16> data{};
  for (unsigned i = 0; i < 16; ++i) data[i] = static_cast<unsigned char>(i + 1);
  b.in_simulation([&] {
    tlm::tlm_generic_payload p;
    p.set_command(tlm::TLM_WRITE_COMMAND);
    p.set_data_ptr(data.data());
    p.set_data_length(16);
    p.set_streaming_width(4);
    p.set_byte_enable_ptr(nullptr);
    p.set_address(0x10100);
    sc_time d;
    b.master->b_transport(p, d);
    EXPECT_EQ(p.get_response_status(), tlm::TLM_OK_RESPONSE);
    ASSERT_EQ(b.seen.size(), 1U);
    EXPECT_EQ(b.seen[0].width, 4U);
    p.set_address(0x10ffe);  // the window crosses a page: every beat is split
    b.master->b_transport(p, d);
    EXPECT_EQ(p.get_response_status(), tlm::TLM_OK_RESPONSE);
  });
  EXPECT_EQ(b.seen.size(), 9U);
  EXPECT_EQ(b.world.memory.read(0x8000'0100, 4), 0x100f0e0dU);
  EXPECT_EQ(b.world.memory.read(0x8000'0ffe, 2), 0x0e0dU);
  EXPECT_EQ(b.world.memory.read(0x9000'0000, 2), 0x100fU);
}

TEST_F(Shell, TransportDbgTranslatesWithoutSideEffects) {
  Bench& b = bench();
  map(7, 0x10000, 0x8000'0000, 0x1000);
  b.world.memory.write(0x8000'0ff8, 0x1122334455667788);
  std::array<unsigned char, 16> data{};
  tlm::tlm_generic_payload p;
  p.set_command(tlm::TLM_READ_COMMAND);
  p.set_address(0x10ff8);
  p.set_data_ptr(data.data());
  p.set_data_length(16);
  p.set_streaming_width(16);
  EXPECT_EQ(b.master->transport_dbg(p), 8U);  // the second page is not mapped
  EXPECT_EQ(data[0], 0x88);
  EXPECT_EQ(b.reg(0x100a8), 0U);
  EXPECT_EQ(b.walk_reads, 0);
  b.in_simulation([&] {
    std::uint32_t v = 0;
    EXPECT_EQ(b.transport(0x10000, &v, 4, false), tlm::TLM_OK_RESPONSE);
  });
  EXPECT_EQ(b.walk_reads, 5) << "STE, CD and three levels: the debug access has filled no cache";
}

TEST_F(Shell, TransportDbgNeedsNeitherStreamingWidthNorByteEnables) {
  Bench& b = bench();
  map(7, 0x10000, 0x8000'0000, 0x1000);
  b.world.memory.write(0x8000'0100, 0x1122334455667788);
  std::uint64_t data = 0;
  unsigned char none = TLM_BYTE_DISABLED;
  tlm::tlm_generic_payload p;  // streaming width 0, as it comes
  p.set_command(tlm::TLM_READ_COMMAND);
  p.set_address(0x10100);
  p.set_data_ptr(reinterpret_cast<unsigned char*>(&data));
  p.set_data_length(8);
  p.set_byte_enable_ptr(&none);
  p.set_byte_enable_length(1);
  EXPECT_EQ(b.master->transport_dbg(p), 8U);
  EXPECT_EQ(data, 0x1122334455667788U);
  EXPECT_EQ(p.get_streaming_width(), 0U);
  EXPECT_EQ(p.get_byte_enable_ptr(), &none);
}

}  // namespace
}  // namespace smmuvp::shell
