#include "smmuvp/memory/memory.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>

#include "smmuvp/test/bench.h"

namespace smmuvp {
namespace {

using test::Master;

constexpr std::uint64_t size = 1ULL << 36;  // 64 GiB: proves that untouched pages cost nothing
constexpr std::uint64_t base = 0x40000000;

struct Listener : MemoryWriteListener {
  void memory_written(std::uint64_t address, std::uint64_t length) override {
    written.emplace_back(address, length);
  }
  std::vector<std::pair<std::uint64_t, std::uint64_t>> written;
};

Params params(std::uint64_t bytes) {
  Params p(memory_type().params);
  p.set("size", bytes);
  p.set("latency_ps", std::uint64_t{5000});
  return p;
}

struct Bench {
  Bench() {
    master.socket.bind(memory.socket);
    small_master.socket.bind(small.socket);
    memory.set_base(base);
    memory.add_write_listener(&listener);
    try {
      memory_type().create("odd", params(4097), host);
    } catch (const ConfigError& e) {
      odd_size_refusal = e.what();
    }
    test::advance();  // elaborates
  }
  test::CapturingHost host;
  Memory memory{"memory", params(size), host};
  Memory small{"small", params(0x10000), host};
  Master master{"master"};
  Master small_master{"small_master"};
  Listener listener;
  std::string odd_size_refusal;  // components can be made before elaboration only
};

Bench& bench() {
  static Bench b;
  b.listener.written.clear();
  return b;
}

TEST(Memory, StartsZeroAndKeepsWhatIsWritten) {
  Bench& b = bench();
  EXPECT_EQ(b.master.get(0x1000, 8), 0U);
  b.master.put(0x1000, 0x1122334455667788, 8);
  EXPECT_EQ(b.master.get(0x1000, 8), 0x1122334455667788U);
  EXPECT_EQ(b.master.get(0x1003, 1), 0x55U);
  b.master.put(size - 8, 0x99, 8);
  EXPECT_EQ(b.master.get(size - 8, 8), 0x99U);
  EXPECT_EQ(b.memory.data()[0x1000], 0x88);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(b.memory.data()) % 4096, 0U);
}

TEST(Memory, LatencyIsAnnotatedOnEachAccess) {
  Bench& b = bench();
  b.master.get(0, 4);
  EXPECT_EQ(b.master.delay, sc_core::sc_time(5000, sc_core::SC_PS));
}

TEST(Memory, DisabledBytesKeepTheirValue) {
  Bench& b = bench();
  b.master.put(0x2000, 0xffffffffffffffff, 8);
  std::array<std::uint8_t, 8> data{1, 2, 3, 4, 5, 6, 7, 8};
  std::array<std::uint8_t, 2> enables{TLM_BYTE_ENABLED, TLM_BYTE_DISABLED};  // repeats over the data
  tlm::tlm_generic_payload p;
  Master::fill(p, tlm::TLM_WRITE_COMMAND, 0x2000, data.data(), data.size());
  p.set_byte_enable_ptr(enables.data());
  p.set_byte_enable_length(2);
  EXPECT_EQ(b.master.send(p), tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(b.master.get(0x2000, 8), 0xff07ff05ff03ff01U);

  std::array<std::uint8_t, 8> got{};
  got.fill(0xaa);
  Master::fill(p, tlm::TLM_READ_COMMAND, 0x2000, got.data(), got.size());
  p.set_byte_enable_ptr(enables.data());
  p.set_byte_enable_length(2);
  EXPECT_EQ(b.master.send(p), tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(got, (std::array<std::uint8_t, 8>{1, 0xaa, 3, 0xaa, 5, 0xaa, 7, 0xaa}));

  p.set_byte_enable_length(0);
  EXPECT_EQ(b.master.send(p), tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
}

TEST(Memory, StreamingWidthWrapsTheAddress) {
  Bench& b = bench();
  std::array<std::uint8_t, 8> data{1, 2, 3, 4, 5, 6, 7, 8};
  tlm::tlm_generic_payload p;
  Master::fill(p, tlm::TLM_WRITE_COMMAND, 0x3000, data.data(), data.size());
  p.set_streaming_width(4);
  EXPECT_EQ(b.master.send(p), tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(b.master.get(0x3000, 8), 0x08070605U);
  // Only the bytes of one beat have to exist.
  Master::fill(p, tlm::TLM_READ_COMMAND, size - 4, data.data(), data.size());
  p.set_streaming_width(4);
  EXPECT_EQ(b.master.send(p), tlm::TLM_OK_RESPONSE);
}

TEST(Memory, ShapesThatNoAccessHasGetABurstError) {
  Bench& b = bench();
  std::array<std::uint8_t, 8> data{};
  tlm::tlm_generic_payload p;
  Master::fill(p, tlm::TLM_READ_COMMAND, 0, data.data(), 0);
  EXPECT_EQ(b.master.send(p), tlm::TLM_BURST_ERROR_RESPONSE);
  Master::fill(p, tlm::TLM_READ_COMMAND, 0, data.data(), 8);
  p.set_streaming_width(0);
  EXPECT_EQ(b.master.send(p), tlm::TLM_BURST_ERROR_RESPONSE);
  Master::fill(p, tlm::TLM_IGNORE_COMMAND, 0, data.data(), 8);
  EXPECT_EQ(b.master.send(p), tlm::TLM_OK_RESPONSE);
}

TEST(Memory, AnyByteOutsideGetsAnAddressError) {
  Bench& b = bench();
  std::array<std::uint8_t, 16> data{};
  EXPECT_EQ(b.master.read(size, data.data(), 1), tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_EQ(b.master.read(size - 8, data.data(), 16), tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_EQ(b.master.write(~0ULL, data.data(), 16), tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_EQ(b.master.write(~0ULL - 15, data.data(), 16), tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

TEST(Memory, DmiGrantsTheWholeBufferForReadAndWrite) {
  Bench& b = bench();
  tlm::tlm_generic_payload p;
  tlm::tlm_dmi dmi;
  Master::fill(p, tlm::TLM_READ_COMMAND, 0x1000, nullptr, 0);
  ASSERT_TRUE(b.master.socket->get_direct_mem_ptr(p, dmi));
  EXPECT_EQ(dmi.get_dmi_ptr(), b.memory.data());
  EXPECT_EQ(dmi.get_start_address(), 0U);
  EXPECT_EQ(dmi.get_end_address(), size - 1);
  EXPECT_TRUE(dmi.is_read_write_allowed());
  EXPECT_EQ(dmi.get_read_latency(), sc_core::sc_time(5000, sc_core::SC_PS));
  p.set_address(size);
  EXPECT_FALSE(b.master.socket->get_direct_mem_ptr(p, dmi));
}

TEST(Memory, DebugAccessesStopAtTheEnd) {
  Bench& b = bench();
  std::array<std::uint8_t, 16> data{};
  tlm::tlm_generic_payload p;
  Master::fill(p, tlm::TLM_READ_COMMAND, size - 4, data.data(), data.size());
  EXPECT_EQ(b.master.socket->transport_dbg(p), 4U);
  p.set_address(size);
  EXPECT_EQ(b.master.socket->transport_dbg(p), 0U);
  data.fill(0x5a);
  Master::fill(p, tlm::TLM_WRITE_COMMAND, 0x4000, data.data(), data.size());
  EXPECT_EQ(b.master.socket->transport_dbg(p), 16U);
  EXPECT_EQ(b.master.get(0x400c, 4), 0x5a5a5a5aU);
}

TEST(Memory, CompareSwapStoresOnlyWhenEqualAndTellsWhatItSaw) {
  Bench& b = bench();
  b.master.put(0x5000, 0x1111111122222222, 8);
  CompareSwapExtension cas;
  tlm::tlm_generic_payload p;
  std::uint64_t data = 0x3333333344444444;
  p.set_extension(&cas);
  cas.expected = 5;
  Master::fill(p, tlm::TLM_WRITE_COMMAND, 0x5000, &data, 8);
  EXPECT_EQ(b.master.send(p), tlm::TLM_OK_RESPONSE);
  EXPECT_TRUE(cas.answered);
  EXPECT_FALSE(cas.swapped);
  EXPECT_EQ(cas.observed, 0x1111111122222222U);
  EXPECT_EQ(b.master.get(0x5000, 8), 0x1111111122222222U);
  EXPECT_TRUE(b.listener.written.size() == 1) << "a swap that failed writes nothing";

  cas.expected = 0x1111111122222222;
  EXPECT_EQ(b.master.send(p), tlm::TLM_OK_RESPONSE);
  EXPECT_TRUE(cas.swapped);
  EXPECT_EQ(b.master.get(0x5000, 8), data);

  cas.expected = 0x33333333;
  Master::fill(p, tlm::TLM_WRITE_COMMAND, 0x5004, &data, 4);
  EXPECT_EQ(b.master.send(p), tlm::TLM_OK_RESPONSE);
  EXPECT_TRUE(cas.swapped);
  EXPECT_EQ(b.master.get(0x5000, 8), 0x4444444444444444U);

  cas.answered = false;
  Master::fill(p, tlm::TLM_WRITE_COMMAND, 0x5004, &data, 8);
  EXPECT_EQ(b.master.send(p), tlm::TLM_BURST_ERROR_RESPONSE) << "unaligned";
  Master::fill(p, tlm::TLM_WRITE_COMMAND, 0x5000, &data, 2);
  EXPECT_EQ(b.master.send(p), tlm::TLM_BURST_ERROR_RESPONSE) << "2 bytes";
  EXPECT_FALSE(cas.answered);
  p.clear_extension(&cas);
}

TEST(Memory, WriteListenersSeePhysicalAddresses) {
  Bench& b = bench();
  b.master.put(0x6004, 1, 4);
  b.master.get(0x6004, 4);
  ASSERT_EQ(b.listener.written.size(), 1U);
  EXPECT_EQ(b.listener.written[0], std::make_pair(base + 0x6004, std::uint64_t{4}));
}

TEST(Memory, SavedContentComesBackAndTheRestIsZero) {
  Bench& b = bench();
  b.small_master.put(0, 0x1234, 4);
  b.small_master.put(0xfff8, 0x5678, 8);
  ArchiveWriter saved;
  b.small.visit(saved);
  EXPECT_LT(saved.data().size(), 0x3000U) << "zero pages are not stored";
  b.small_master.put(0, 1, 4);
  b.small_master.put(0x8000, 0xdead, 4);
  ArchiveReader reader(saved.data());
  b.small.visit(reader);
  EXPECT_TRUE(reader.complete()) << reader.error();
  EXPECT_EQ(b.small_master.get(0, 4), 0x1234U);
  EXPECT_EQ(b.small_master.get(0x8000, 4), 0U);
  EXPECT_EQ(b.small_master.get(0xfff8, 8), 0x5678U);

  std::vector<std::uint8_t> cut = saved.data();
  cut.resize(cut.size() / 2);
  ArchiveReader truncated(cut);
  b.small.visit(truncated);
  EXPECT_FALSE(truncated.ok());
}

TEST(Memory, ASizeThatIsNoMultipleOfAPageIsRefused) {
  Bench& b = bench();
  Params p(memory_type().params);
  EXPECT_NE(b.odd_size_refusal.find("0x1001"), std::string::npos) << b.odd_size_refusal;
  EXPECT_THROW(p.set("size", std::uint64_t{0}), ConfigError);
}

TEST(Memory, CountersTellWhatHappened) {
  Bench& b = bench();
  const std::uint64_t reads = test::Statistics(b.memory)["reads"];
  const std::uint64_t errors = test::Statistics(b.memory)["errors"];
  b.master.get(0, 4);
  std::uint8_t byte = 0;
  b.master.read(size, &byte, 1);
  EXPECT_EQ(test::Statistics(b.memory)["reads"], reads + 1);
  EXPECT_EQ(test::Statistics(b.memory)["errors"], errors + 1);
}

}  // namespace
}  // namespace smmuvp
