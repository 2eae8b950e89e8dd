#include "smmuvp/testdev/testdev_core.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <vector>

#include "smmuvp/test/core.h"

namespace smmuvp {
namespace {

// docs/testdev.md
constexpr std::uint32_t ID = 0x000, VERSION = 0x004, CTRL = 0x008, STATUS = 0x00c, RING_BASE = 0x010,
                        RING_SIZE = 0x018, PROD = 0x01c, CONS = 0x020, IRQ_STATUS = 0x024, IRQ_ENABLE = 0x028,
                        SID_COUNT = 0x02c, SID_BASE = 0x030;
constexpr std::uint32_t NOP = 0, READ = 1, WRITE = 2, COPY = 3, CHECK = 4;
constexpr std::uint32_t IRQ = 1 << 8, SSV = 1 << 9, PRIV = 1 << 10, INST = 1 << 11;
constexpr std::uint32_t OK = 1, READ_ERROR = 2, WRITE_ERROR = 3, MISMATCH = 4, BAD_DESCRIPTOR = 5;
constexpr std::uint64_t ring = 0x1000;

struct Descriptor {
  std::uint32_t FLAGS = 0, STREAM = 0, SUBSTREAM = 0, SEED = 0;
  std::uint64_t SRC = 0, DST = 0, LENGTH = 0;
  std::uint32_t STATUS = 0, RESPONSE = 0;
  std::uint64_t DONE = 0, RESULT = 0;
};
static_assert(sizeof(Descriptor) == 64, "as the sheet has it");

std::uint8_t pattern(std::uint32_t seed, std::uint64_t i) {
  return static_cast<std::uint8_t>(((std::uint64_t{seed} + i / 8) * 0x9e3779b97f4a7c15) >> (8 * (i % 8)));
}

/// The device, 1 MiB of memory, and who answers its accesses.
class TestdevCoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    dev.write(RING_BASE, 8, ring);
    dev.write(RING_SIZE, 4, 4);
    dev.write(IRQ_ENABLE, 4, 7);
    dev.write(CTRL, 4, 1);
  }
  static TestdevConfig config() { return {0x100, 3}; }

  /// Makes at most `limit` accesses. @return how many
  unsigned run(unsigned limit = 1'000'000) {
    unsigned n = 0;
    DmaOperation a;
    DmaBuffer buffer;
    while (n < limit && dev.next(a, buffer)) {
      ++n;
      accesses.push_back(a);
      EXPECT_GE(a.length, 1U);
      EXPECT_LE(a.length, 4096U);
      EXPECT_EQ(a.address / 4096, (a.address + a.length - 1) / 4096) << "crosses a 4 KiB boundary";
      dev.complete(a, answer(a, buffer), buffer);
    }
    return n;
  }
  DmaResponse answer(const DmaOperation& a, DmaBuffer& buffer) {
    for (const auto& [address, response] : errors) {
      if (address >= a.address && address < a.address + a.length) return response;
    }
    if (a.address >= memory.size() || a.length > memory.size() - a.address) return DmaResponse::Address;
    if (a.write) {
      std::memcpy(&memory[a.address], buffer.data(), a.length);
    } else {
      std::memcpy(buffer.data(), &memory[a.address], a.length);
    }
    return DmaResponse::Ok;
  }
  void put(unsigned slot, const Descriptor& d) { std::memcpy(&memory[ring + 64 * slot], &d, 64); }
  Descriptor get(unsigned slot) {
    Descriptor d;
    std::memcpy(&d, &memory[ring + 64 * slot], 64);
    return d;
  }
  Descriptor run_one(Descriptor d) {
    const auto slot = static_cast<unsigned>(dev.read(CONS, 4) % 4);
    put(slot, d);
    dev.write(PROD, 4, dev.read(PROD, 4) + 1);
    accesses.clear();
    run();
    return get(slot);
  }

  test::CapturingDiag sink;
  Diag diag{&sink, "dma"};
  TestdevCore dev{config(), diag};
  std::vector<std::uint8_t> memory = std::vector<std::uint8_t>(1 << 20);
  std::map<std::uint64_t, DmaResponse> errors;
  std::vector<DmaOperation> accesses;
};

TEST_F(TestdevCoreTest, EachRegisterHasTheResetValueOfTheSheet) {
  TestdevCore fresh(config(), diag);
  EXPECT_EQ(fresh.read(ID, 4), 0x414d4454U);
  EXPECT_EQ(fresh.read(VERSION, 4), 2U);
  EXPECT_EQ(fresh.read(SID_COUNT, 4), 3U);
  EXPECT_EQ(fresh.read(SID_BASE, 4), config().stream_base);
  EXPECT_NE(config().stream_base, 0U);
  for (const std::uint32_t at : {CTRL, STATUS, RING_BASE, RING_BASE + 4, RING_SIZE, PROD, CONS, IRQ_STATUS,
                                 IRQ_ENABLE, 0x034U, 0xffcU}) {
    EXPECT_EQ(fresh.read(at, 4), 0U) << at;
  }
}

TEST_F(TestdevCoreTest, OnlyTheAccessWidthsOfTheSheetReachARegister) {
  TestdevCore fresh(config(), diag);
  fresh.write(RING_BASE, 8, 0xfedcba9876543210);
  EXPECT_EQ(fresh.read(RING_BASE, 8), 0xfedcba9876543200U);
  EXPECT_EQ(fresh.read(RING_BASE + 4, 4), 0xfedcba98U);
  fresh.write(RING_BASE + 4, 4, 1);
  EXPECT_EQ(fresh.read(RING_BASE, 8), 0x176543200U);
  EXPECT_EQ(fresh.read(ID, 1), 0U);
  EXPECT_EQ(fresh.read(ID, 2), 0U);
  EXPECT_EQ(fresh.read(ID, 8), 0U);
  fresh.write(RING_BASE, 2, 0xffff);
  fresh.write(IRQ_STATUS, 8, ~0ULL);
  EXPECT_EQ(fresh.read(IRQ_ENABLE, 4), 0U);
  fresh.write(SID_COUNT, 4, 9);
  EXPECT_EQ(fresh.read(SID_COUNT, 4), 3U);
  fresh.write(SID_BASE, 4, 9);
  EXPECT_EQ(fresh.read(SID_BASE, 4), config().stream_base);
}

TEST_F(TestdevCoreTest, TheRingIsFixedWhileEnabled) {
  dev.write(RING_BASE, 8, 0x8000);
  dev.write(RING_SIZE, 4, 9);
  EXPECT_EQ(dev.read(RING_BASE, 8), ring);
  EXPECT_EQ(dev.read(RING_SIZE, 4), 4U);
  EXPECT_EQ(sink.count("enabled"), 2U);
  dev.write(CTRL, 4, 0);
  dev.write(RING_SIZE, 4, 0xffffffff);
  EXPECT_EQ(dev.read(RING_SIZE, 4), 4096U);
}

TEST_F(TestdevCoreTest, ANopFinishesAndInterruptsWhenAsked) {
  Descriptor d;
  d.FLAGS = NOP;
  EXPECT_EQ(run_one(d).STATUS, OK);
  EXPECT_FALSE(dev.irq());
  EXPECT_EQ(dev.read(CONS, 4), 1U);
  d.FLAGS = NOP | IRQ;
  EXPECT_EQ(run_one(d).STATUS, OK);
  EXPECT_TRUE(dev.irq());
  EXPECT_EQ(dev.read(IRQ_STATUS, 4), 1U);
  dev.write(IRQ_STATUS, 4, 1);
  EXPECT_FALSE(dev.irq());
}

TEST_F(TestdevCoreTest, TheStatusIsWrittenLast) {
  Descriptor d;
  run_one(d);
  ASSERT_EQ(accesses.size(), 3U);
  EXPECT_FALSE(accesses[0].write);
  EXPECT_EQ(accesses[0].length, 64U);
  EXPECT_TRUE(accesses[1].write);
  EXPECT_EQ(accesses[1].address, ring + 0x2c);
  EXPECT_EQ(accesses[1].length, 0x14U);
  EXPECT_TRUE(accesses[2].write);
  EXPECT_EQ(accesses[2].address, ring + 0x28);
  EXPECT_EQ(accesses[2].length, 4U);
}

TEST_F(TestdevCoreTest, ReadGivesTheSumOfTheBytes) {
  std::uint64_t sum = 0;
  for (unsigned i = 0; i < 10'000; ++i) sum += memory[0x10003 + i] = static_cast<std::uint8_t>(i * 7);
  Descriptor d;
  d.FLAGS = READ;
  d.SRC = 0x10003;
  d.LENGTH = 10'000;
  d = run_one(d);
  EXPECT_EQ(d.STATUS, OK);
  EXPECT_EQ(d.RESULT, sum);
  EXPECT_EQ(d.DONE, 10'000U);
  EXPECT_EQ(d.RESPONSE, 0U);
}

TEST_F(TestdevCoreTest, WriteGivesThePatternAndCheckFindsTheFirstWrongByte) {
  Descriptor d;
  d.FLAGS = WRITE;
  d.SEED = 0xfffffffe;
  d.DST = 0x20ffd;
  d.LENGTH = 5001;
  EXPECT_EQ(run_one(d).STATUS, OK);
  for (unsigned i = 0; i < 5001; ++i) ASSERT_EQ(memory[0x20ffd + i], pattern(0xfffffffe, i)) << i;
  EXPECT_EQ(memory[0x20ffc], 0);
  EXPECT_EQ(memory[0x20ffd + 5001], 0);

  d.FLAGS = CHECK;
  d.SRC = d.DST;
  EXPECT_EQ(run_one(d).STATUS, OK);
  memory[0x20ffd + 4500] ^= 1;
  d = run_one(d);
  EXPECT_EQ(d.STATUS, MISMATCH);
  EXPECT_EQ(d.RESULT, 4500U);
  EXPECT_EQ(d.DONE, 4500U);
  EXPECT_EQ(dev.read(IRQ_STATUS, 4), 2U) << "ERROR";
}

TEST_F(TestdevCoreTest, CopyMovesBytesBetweenAnyAlignments) {
  for (unsigned i = 0; i < 9000; ++i) memory[0x10ffd + i] = static_cast<std::uint8_t>(i ^ i >> 8);
  Descriptor d;
  d.FLAGS = COPY;
  d.SRC = 0x10ffd;
  d.DST = 0x30123;
  d.LENGTH = 9000;
  d = run_one(d);
  EXPECT_EQ(d.STATUS, OK);
  EXPECT_EQ(d.DONE, 9000U);
  EXPECT_EQ(std::memcmp(&memory[0x10ffd], &memory[0x30123], 9000), 0);
}

TEST_F(TestdevCoreTest, StreamSubstreamAndPrivilegeComeFromTheDescriptorAndTheRingUsesNone) {
  Descriptor d;
  d.FLAGS = COPY | SSV | PRIV | INST;
  d.STREAM = 2;
  d.SUBSTREAM = 0xffabcde;
  d.SRC = 0x10000;
  d.DST = 0x20000;
  d.LENGTH = 8;
  run_one(d);
  ASSERT_EQ(accesses.size(), 5U);
  for (const unsigned i : {0U, 3U, 4U}) {
    EXPECT_EQ(accesses[i].stream_id, 0x100U);
    EXPECT_FALSE(accesses[i].substream_valid || accesses[i].privileged || accesses[i].instruction);
  }
  for (const unsigned i : {1U, 2U}) {
    EXPECT_EQ(accesses[i].stream_id, 0x102U);
    EXPECT_TRUE(accesses[i].substream_valid && accesses[i].privileged);
    EXPECT_EQ(accesses[i].substream_id, 0xabcdeU);
    EXPECT_EQ(accesses[i].instruction, !accesses[i].write);
  }
}

TEST_F(TestdevCoreTest, FailedAccessesTellResponseAndBytesDone) {
  const std::pair<DmaResponse, std::uint32_t> all[] = {{DmaResponse::Address, 1},
                                                       {DmaResponse::Command, 2},
                                                       {DmaResponse::Burst, 3},
                                                       {DmaResponse::ByteEnable, 4},
                                                       {DmaResponse::Generic, 5}};
  for (const auto& [response, code] : all) {
    Descriptor d;
    d.FLAGS = COPY;
    d.SRC = 0x10000;
    d.DST = 0x20000;
    d.LENGTH = 0x3000;
    errors = {{0x11080, response}};
    Descriptor got = run_one(d);
    EXPECT_EQ(got.STATUS, READ_ERROR);
    EXPECT_EQ(got.RESPONSE, code);
    EXPECT_EQ(got.DONE, 0x1000U);
    errors = {{0x22000, response}};
    got = run_one(d);
    EXPECT_EQ(got.STATUS, WRITE_ERROR);
    EXPECT_EQ(got.RESPONSE, code);
    EXPECT_EQ(got.DONE, 0x2000U);
    EXPECT_EQ(dev.read(IRQ_STATUS, 4), 2U);
  }
  errors.clear();
  EXPECT_EQ(run_one({}).STATUS, OK) << "the next descriptor is worked on";
}

TEST_F(TestdevCoreTest, BadDescriptorsAreRefusedWithoutAnyDataAccess) {
  Descriptor good;
  good.FLAGS = COPY;
  good.SRC = 0x10000;
  good.DST = 0x20000;
  good.LENGTH = 16;
  std::vector<Descriptor> bad(8, good);
  bad[0].FLAGS = 5;
  bad[1].FLAGS |= 1 << 12;
  bad[2].FLAGS |= 1U << 31;
  bad[3].STREAM = 3;
  bad[4].LENGTH = 0;
  bad[5].LENGTH = (1ULL << 32) + 1;
  bad[6].SRC = ~0ULL - 14;
  bad[7].DST = ~0ULL - 14;
  for (const Descriptor& d : bad) {
    const Descriptor got = run_one(d);
    EXPECT_EQ(got.STATUS, BAD_DESCRIPTOR);
    EXPECT_EQ(got.RESPONSE, 0U);
    EXPECT_EQ(accesses.size(), 3U);
  }
  bad[6].SRC = ~0ULL - 15;  // the last byte is the last address
  EXPECT_EQ(run_one(bad[6]).STATUS, READ_ERROR);
  bad[7].FLAGS = READ;  // does not use DST
  EXPECT_EQ(run_one(bad[7]).STATUS, OK);
}

TEST_F(TestdevCoreTest, TheRingWrapsRound) {
  for (unsigned i = 0; i < 11; ++i) {
    Descriptor d;
    d.FLAGS = WRITE;
    d.SEED = i;
    d.DST = 0x10000 + 8 * i;
    d.LENGTH = 8;
    EXPECT_EQ(run_one(d).STATUS, OK);
    EXPECT_EQ(memory[0x10000 + 8 * i], pattern(i, 0));
  }
  EXPECT_EQ(dev.read(CONS, 4), 11U);
}

TEST_F(TestdevCoreTest, TooManyDescriptorsAreWorkedOnOnceRoundAndThenStop) {
  dev.write(PROD, 4, 5);
  run();
  EXPECT_EQ(dev.read(CONS, 4), 4U);
  EXPECT_EQ(dev.read(STATUS, 4), 2U);
  EXPECT_EQ(dev.read(IRQ_STATUS, 4), 4U);
  EXPECT_EQ(sink.count("overrun"), 1U);
  dev.write(PROD, 4, 6);
  EXPECT_EQ(run(), 0U);
  dev.write(CTRL, 4, 0);
  EXPECT_EQ(dev.read(STATUS, 4), 2U) << "until it is enabled again";
  dev.write(CTRL, 4, 1);
  EXPECT_EQ(dev.read(STATUS, 4), 0U);
  EXPECT_EQ(dev.read(CONS, 4), 0U);
  EXPECT_EQ(dev.read(PROD, 4), 0U);
  EXPECT_EQ(run_one({}).STATUS, OK);
}

TEST_F(TestdevCoreTest, ADoorbellWithoutARingIsARingError) {
  dev.write(CTRL, 4, 0);
  dev.write(RING_SIZE, 4, 0);
  dev.write(CTRL, 4, 1);
  dev.write(PROD, 4, 0);
  EXPECT_EQ(run(), 0U);
  EXPECT_EQ(dev.read(STATUS, 4), 0U);
  dev.write(PROD, 4, 1);
  EXPECT_EQ(run(), 0U);
  EXPECT_EQ(dev.read(STATUS, 4), 2U);
}

TEST_F(TestdevCoreTest, ARingThatCannotBeReadOrWrittenStopsTheDevice) {
  for (const std::uint64_t at : {ring, ring + 0x30}) {
    errors = {{at, DmaResponse::Address}};
    if (at != ring) errors = {{at, DmaResponse::Generic}};
    dev.write(CTRL, 4, 2);
    SetUp();
    run_one({});
    EXPECT_EQ(dev.read(STATUS, 4), 2U);
    EXPECT_EQ(dev.read(CONS, 4), 0U);
    EXPECT_TRUE(dev.irq());
  }
}

TEST_F(TestdevCoreTest, ResetAndDisableStopAHugeTransferAtOnce) {
  for (const std::uint32_t how : {0U, 2U, 3U}) {
    Descriptor d;
    d.FLAGS = WRITE;
    d.DST = 0;
    d.LENGTH = 1ULL << 32;
    dev.write(CTRL, 4, 2);
    SetUp();
    put(0, d);
    dev.write(PROD, 4, 1);
    DmaOperation a;
    DmaBuffer buffer{};
    std::memcpy(buffer.data(), &d, 64);
    ASSERT_TRUE(dev.next(a, buffer));
    std::memcpy(buffer.data(), &d, 64);
    dev.complete(a, DmaResponse::Ok, buffer);
    ASSERT_TRUE(dev.next(a, buffer));
    EXPECT_EQ(a.length, 4096U);
    EXPECT_EQ(dev.read(STATUS, 4), 1U);
    dev.write(CTRL, 4, how);
    EXPECT_EQ(dev.read(STATUS, 4), 0U);
    dev.complete(a, DmaResponse::Ok, buffer);
    EXPECT_FALSE(dev.next(a, buffer));
    EXPECT_EQ(dev.read(RING_SIZE, 4), how == 0 ? 4U : 0U);
    EXPECT_EQ(dev.read(CTRL, 4), 0U);
  }
}

TEST_F(TestdevCoreTest, StreamsThatDoNotFitAreRefused) {
  EXPECT_THROW(TestdevCore({0xffffffff, 2}, diag), ConfigError);
  EXPECT_THROW(TestdevCore({0, 0}, diag), ConfigError);
  EXPECT_NO_THROW(TestdevCore({0xffffffff, 1}, diag));
}

TEST_F(TestdevCoreTest, AnArchiveTakenBetweenBurstsContinuesWhereItWas) {
  for (unsigned i = 0; i < 0x5000; ++i) memory[0x10000 + i] = static_cast<std::uint8_t>(i * 5);
  Descriptor d;
  d.FLAGS = COPY | IRQ;
  d.SRC = 0x10000;
  d.DST = 0x20800;
  d.LENGTH = 0x5000;
  for (unsigned stop = 1; stop < 22; ++stop) {
    std::fill(memory.begin() + 0x20000, memory.end(), std::uint8_t{0});
    dev.write(CTRL, 4, 2);
    SetUp();
    put(0, d);
    dev.write(PROD, 4, 1);
    run(stop);
    const auto saved = test::save(dev);
    dev.write(CTRL, 4, 2);
    ASSERT_EQ(test::load(dev, saved), "");
    ASSERT_EQ(test::save(dev), saved);
    run();
    EXPECT_EQ(get(0).STATUS, OK) << stop;
    EXPECT_EQ(std::memcmp(&memory[0x10000], &memory[0x20800], 0x5000), 0) << stop;
    EXPECT_TRUE(dev.irq());
    for (std::size_t n = 0; n < saved.size(); n += 331) {
      EXPECT_NE(test::load(dev, {saved.begin(), saved.begin() + static_cast<std::ptrdiff_t>(n)}), "");
    }
  }
}

TEST_F(TestdevCoreTest, ARestoredStateTakesTheAnswerThatTheSavedOneWaitedFor) {
  Descriptor d;
  d.FLAGS = WRITE;
  d.DST = 0x20000;
  d.LENGTH = 0x3000;
  put(0, d);
  dev.write(PROD, 4, 1);
  run(2);
  DmaOperation waits;
  DmaOperation after;
  DmaBuffer buffer{};
  ASSERT_TRUE(dev.next(waits, buffer));
  EXPECT_EQ(waits.address, 0x21000U);
  std::memcpy(&memory[waits.address], buffer.data(), waits.length);
  const auto saved = test::save(dev);
  dev.write(CTRL, 4, 2);
  dev.complete(waits, DmaResponse::Generic, buffer);
  ASSERT_EQ(test::load(dev, saved), "");
  dev.complete(waits, DmaResponse::Ok, buffer);
  ASSERT_TRUE(dev.next(after, buffer));
  EXPECT_EQ(after.address, 0x22000U);
  run();
  EXPECT_EQ(get(0).STATUS, OK);
  EXPECT_EQ(get(0).DONE, 0x3000U);
}

TEST_F(TestdevCoreTest, RandomRegistersAndDescriptorsNeverLeadOutsideTheRules) {
  test::Random random(3);
  DmaOperation a;
  DmaBuffer buffer{};
  for (int i = 0; i < 200'000; ++i) {
    if (random.below(8) == 0) {
      const std::uint32_t bytes = 1U << random.below(4);
      const auto at = static_cast<std::uint32_t>(random.below(0x40)) / bytes * bytes;
      dev.write(at, bytes, at == CTRL && random.below(4) != 0 ? 1 : random.likely());
      dev.read(at, bytes);
    }
    if (!dev.next(a, buffer)) {
      // Stopped or idle: start anew most of the time.
      if (random.below(4) == 0) continue;
      dev.write(CTRL, 4, 0);
      dev.write(RING_SIZE, 4, random.below(20));
      dev.write(CTRL, 4, 1);
      dev.write(PROD, 4, random.below(20));
      continue;
    }
    ASSERT_GE(a.length, 1U);
    ASSERT_LE(a.length, 4096U);
    ASSERT_EQ(a.address / 4096, (a.address + a.length - 1) / 4096);
    ASSERT_GE(a.stream_id, 0x100U);
    ASSERT_LT(a.stream_id, 0x103U);
    if (!a.write && a.length == 64) {
      for (unsigned k = 0; k < 64; ++k) buffer[k] = static_cast<std::uint8_t>(random.next());
      buffer[0] = static_cast<std::uint8_t>(random.below(6));
      buffer[1] &= 0xf;
      buffer[2] = buffer[3] = buffer[5] = buffer[6] = buffer[7] = 0;
      buffer[4] = static_cast<std::uint8_t>(random.below(4));
      for (unsigned k = 0x22; k < 0x28; ++k) buffer[k] = 0;
    }
    const auto response =
        random.below(16) == 0 ? static_cast<DmaResponse>(1 + random.below(5)) : DmaResponse::Ok;
    if (random.below(32) == 0) --a.epoch;
    dev.complete(a, response, buffer);
  }
  EXPECT_GT(dev.counters().descriptors, 100U);
}

}  // namespace
}  // namespace smmuvp
