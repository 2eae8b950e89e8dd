// Registers, commands, and who accesses.
#include <cstdlib>

#include "core_fixture.h"

namespace smmuvp {
namespace {

// ---- registers

TEST_F(EngineCoreTest, EachRegisterResetsAndIsWrittenAsTheSheetSays) {
  const auto& table = dev.registers().table();
  EXPECT_EQ(table.size(), 2U * (21 + 18));
  unsigned covered = 0;
  for (const RegisterInfo& info : table) {
    covered += info.bytes * info.count;
    for (const std::uint32_t n : {0U, 1U, 511U}) {
      const std::uint32_t at = info.offset + n * 0x80;
      const std::uint32_t field = at % 0x80 + (at % 0x20000 >= priv ? priv : 0);
      const std::uint64_t reset_value = field == cmd || field == pctrl ? 1 : 0;
      EXPECT_EQ(dev.read(at, info.bytes, NonSecure), reset_value) << info.name;
      if (field == cmd) continue;
      dev.write(at, info.bytes, NonSecure, 0xa5a5'5a5a'1234'5679);
      const bool read_only = field == launched || field == returned;
      const std::uint64_t mask = info.bytes == 8 ? ~0ULL : 0xffffffff;
      EXPECT_EQ(dev.read(at, info.bytes, NonSecure), read_only ? 0 : 0xa5a5'5a5a'1234'5679 & mask)
          << info.name;
    }
  }
  EXPECT_EQ(covered, dev.window()) << "frames have no gaps";
  dev.reset();
  EXPECT_EQ(get(3, seed), 0U);
}

TEST_F(EngineCoreTest, AFieldTakesAccessesOfAnySizeButCmd) {
  put(0, begin + 2, 0xbeef, 2);
  put(0, begin + 7, 0x12, 1);
  EXPECT_EQ(get(0, begin, 8), 0x1200'0000'beef'0000U);
  put(0, msidata, 0x1111'2222'3333'4444, 8);
  EXPECT_EQ(get(0, msiattr), 0x11112222U);
  EXPECT_EQ(get(0, cmd, 1), 1U);
  put(0, cmd, 0, 1);
  put(0, cmd + 2, 0, 2);
  EXPECT_EQ(get(0, cmd), HALTED);
  EXPECT_EQ(sink.count("cmd.size"), 2U);
}

TEST_F(EngineCoreTest, AWriteOf64BitsGivesUctrlAndThenTheCommand) {
  set_up(0, 0x1000, 0x1fff);
  put(0, cmd, std::uint64_t{0x70000} << 32 | SUM64, 8);
  EXPECT_EQ(get(0, cmd), SUM64);
  EXPECT_EQ(get(0, uctrl), 0x70000U);
}

TEST_F(EngineCoreTest, NoFrameAndHaltedBothHalt) {
  put(0, cmd, NO_FRAME);
  EXPECT_EQ(get(0, cmd), HALTED);
  expect_misconfigured(0, 5, "no command");
  put(0, cmd, HALTED);
  EXPECT_EQ(get(0, cmd), HALTED);
  for (const std::uint32_t value : {5U, 0x100U, MISCONFIGURED, ERROR}) {
    expect_misconfigured(0, value, "no command");
  }
}

// ---- commands

TEST_F(EngineCoreTest, MemcpyCopiesTheRangeToUdata0) {
  fill_memory(0x10123, 0x5000);
  for (const std::uint32_t s : {0U, ~0U, 1U, 0xdeadbeefU}) {
    std::memset(&memory[0x40000], 0, 0x10000);
    set_up(0, 0x10123, 0x14fff, 1, s);
    put(0, udata0, 0x40777, 8);
    EXPECT_EQ(run_command(0, MEMCPY), HALTED);
    EXPECT_EQ(std::memcmp(&memory[0x10123], &memory[0x40777], 0x4edd), 0) << s;
    EXPECT_EQ(memory[0x40776], 0) << s;
    EXPECT_EQ(memory[0x40777 + 0x4edd], 0) << s;
  }
}

TEST_F(EngineCoreTest, MemcpyWithAStrideCopiesItsElementsAlone) {
  fill_memory(0x10000, 0x1000);
  for (const std::uint32_t s : {0U, ~0U, 7U}) {
    std::memset(&memory[0x40000], 0, 0x1000);
    set_up(0, 0x10000, 0x10fff, 40, s);
    put(0, udata0, 0x40000, 8);
    EXPECT_EQ(run_command(0, MEMCPY), HALTED);
    EXPECT_EQ(accesses.size(), 2U * 103);
    for (unsigned i = 0; i < 0x1000; ++i) {
      const std::uint8_t expected = i % 40 < 8 ? memory[0x10000 + i] : 0;
      ASSERT_EQ(memory[0x40000 + i], expected) << s << " " << i;
    }
  }
}

TEST_F(EngineCoreTest, MemcpyOntoItselfWorksPieceByPiece) {
  fill_memory(0x10000, 0x3000);
  const std::vector<std::uint8_t> before(memory.begin() + 0x10000, memory.begin() + 0x13000);
  set_up(0, 0x10000, 0x11fff);
  put(0, udata0, 0x11000, 8);
  EXPECT_EQ(run_command(0, MEMCPY), HALTED);
  EXPECT_EQ(std::memcmp(&memory[0x11000], before.data(), 0x1000), 0);
  EXPECT_EQ(std::memcmp(&memory[0x12000], before.data(), 0x1000), 0) << "of what the first piece had written";
  std::copy(before.begin(), before.end(), memory.begin() + 0x10000);
  set_up(0, 0x10000, 0x11fff, 1, ~0U);
  EXPECT_EQ(run_command(0, MEMCPY), HALTED);
  EXPECT_EQ(std::memcmp(&memory[0x11000], before.data(), 0x2000), 0);
}

TEST_F(EngineCoreTest, Sum64AddsTheNumbersOfTheRangeModulo2To64) {
  fill_memory(0x10000, 0x4000);
  memory[0x10007] = memory[0x1000f] = 0xff;  // carries out of the top
  for (const std::uint32_t s : {0U, ~0U, 1U, 0x1234U}) {
    for (const std::uint64_t by : {1U, 8U, 16U, 4096U}) {
      set_up(0, 0x10000, 0x13fff, by, s);
      put(0, udata1, 99, 8);
      EXPECT_EQ(run_command(0, SUM64), HALTED);
      EXPECT_EQ(get(0, udata1, 8), sum_of(memory, 0x10000, 0x4000, by == 1 ? 8 : by)) << s << " " << by;
    }
  }
  EXPECT_EQ(memory[0x10007], 0xff);
  for (const DmaOperation& a : accesses) EXPECT_FALSE(a.write);
}

TEST_F(EngineCoreTest, Rand48FillsTheRangeAsTheSheetSaysWhateverTheOrder) {
  // Computed with the C library's generator of the same constants.
  const auto expected = [](std::uint64_t from, std::uint64_t bytes, std::uint32_t s) {
    std::vector<std::uint8_t> data;
    unsigned short x[3] = {};
    for (std::uint64_t p = from; p < from + bytes; ++p) {
      if (p == from || p % 4096 == 0) {
        const std::uint32_t seed_here = s ^ static_cast<std::uint32_t>(p);
        x[0] = 0x330e;
        x[1] = static_cast<unsigned short>(seed_here);
        x[2] = static_cast<unsigned short>(seed_here >> 16);
      }
      data.push_back(static_cast<std::uint8_t>(nrand48(x)));
      nrand48(x);
    }
    return data;
  };
  for (const std::uint32_t s : {0U, ~0U, 1U, 0xabcdef01U}) {
    std::memset(&memory[0x20000], 0, 0x4000);
    set_up(0, 0x20345, 0x23456, 1, s);
    EXPECT_EQ(run_command(0, RAND48), HALTED);
    const auto data = expected(0x20345, 0x3112, s);
    EXPECT_EQ(std::memcmp(&memory[0x20345], data.data(), data.size()), 0) << s;
    EXPECT_EQ(memory[0x20344], 0);
    EXPECT_EQ(memory[0x23457], 0);
  }
  set_up(0, 0x30000, 0x30fff, 64, 5);
  EXPECT_EQ(run_command(0, RAND48), HALTED);
  for (std::uint64_t i = 0; i < 0x1000; i += 64) {
    EXPECT_EQ(std::memcmp(&memory[0x30000 + i], expected(0x30000 + i, 8, 5).data(), 8), 0) << i;
    EXPECT_EQ(memory[0x30000 + i + 8], 0) << i;
  }
}

TEST_F(EngineCoreTest, AnAbortEndsTheCommandWithErrorAndItsAddressInUdata2) {
  errors[0x12800] = DmaResponse::Generic;
  set_up(0, 0x10000, 0x13fff);
  put(0, udata0, 0x40000, 8);
  EXPECT_EQ(run_command(0, MEMCPY), ERROR);
  EXPECT_EQ(get(0, udata2, 8), 0x12000U);
  EXPECT_EQ(accesses.size(), 5U) << "two pages copied, the third one not read";
  set_up(0, 0x12000, 0x12fff);
  EXPECT_EQ(run_command(0, SUM64), ERROR);
  EXPECT_EQ(run_command(0, RAND48), ERROR);
  errors.clear();
  errors[0x41000] = DmaResponse::Address;
  set_up(0, 0x10000, 0x13fff);
  EXPECT_EQ(run_command(0, MEMCPY), ERROR) << "in the destination";
  EXPECT_EQ(get(0, udata2, 8), 0x41000U);
  EXPECT_EQ(dev.counters().failed, 4U);
  errors.clear();
  EXPECT_EQ(run_command(0, MEMCPY), HALTED) << "a new command leaves the state of error";
}

TEST_F(EngineCoreTest, EachIllegalSetUpIsMisconfiguredAtOnce) {
  const auto legal = [&] {
    set_up(0, 0x1000, 0x1fff);
    put(0, udata0, 0x2000, 8);
    put(0, msiaddress, 0, 8);
    put(0, msiattr, 0);
  };
  const auto with = [&](std::uint32_t field, std::uint64_t value, std::uint32_t command, const char* why,
                        unsigned bytes = 4) {
    legal();
    put(0, field, value, bytes);
    expect_misconfigured(0, command, why);
  };
  for (const std::uint32_t command : {MEMCPY, RAND48, SUM64}) {
    with(stride, 0, command, "stride", 8);
    with(stride, 12, command, "stride", 8);
    with(end_incl, 0xfff, command, "end below begin", 8);
    with(port_index, 2, command, "port");
    with(port_index, ~0U, command, "port");
    with(streamid, 0xff, command, "stream");
    with(streamid, 0x104, command, "stream");
    with(substreamid, 0x100000, command, "substream");
    with(substreamid, ~1U, command, "substream");
    legal();
    put(0, begin, 7, 8);
    put(0, end_incl, ~0ULL, 8);
    expect_misconfigured(0, command, "the whole address space");
    legal();
    put(0, msiaddress, 0x9002, 8);
    expect_misconfigured(0, command, "msiaddress");
    legal();
    put(0, msiaddress, 0x9000, 8);
    put(0, msiattr, 0x44);
    expect_misconfigured(0, command, "msiattr");
  }
  with(attributes, 0x44, MEMCPY, "source");
  with(attributes, 0x44, SUM64, "source");
  with(attributes, 0xc0ffU << 16, MEMCPY, "destination");
  with(attributes, 0xc0ffU << 16, RAND48, "destination");
  with(udata0, ~0ULL - 0xffe, MEMCPY, "destination wraps", 8);
  with(begin, 0x1004, SUM64, "alignment", 8);
  with(end_incl, 0x1ffb, SUM64, "alignment", 8);
  EXPECT_EQ(dev.counters().commands, 0U);
  // What a command does not use is not looked at.
  legal();
  put(0, attributes, 0x44);
  EXPECT_EQ(run_command(0, RAND48), HALTED);
  legal();
  put(0, attributes, 0xc0ffU << 16);
  put(0, udata0, ~0ULL, 8);
  put(0, msiattr, 0x44);
  EXPECT_EQ(run_command(0, SUM64), HALTED);
}

TEST_F(EngineCoreTest, CountsMoveWithAccessesAndOnlyAResetClearsThem) {
  set_up(0, 0x10000, 0x13fff);
  put(0, udata0, 0x40000, 8);
  put(0, cmd, MEMCPY);
  EXPECT_EQ(run(1), 1U);
  EXPECT_EQ(get(0, launched), 1U);
  EXPECT_EQ(get(0, returned), 0U) << "what was read is not yet where it belongs";
  EXPECT_EQ(run(1), 1U);
  EXPECT_EQ(get(0, launched), 2U);
  EXPECT_EQ(get(0, returned), 2U);
  run();
  EXPECT_EQ(get(0, launched), 8U);
  EXPECT_EQ(get(0, returned), 8U);
  EXPECT_EQ(run_command(0, SUM64), HALTED);
  EXPECT_EQ(get(0, returned), 12U) << "they go on from where they were";
  errors[0x10000] = DmaResponse::Generic;
  EXPECT_EQ(run_command(0, MEMCPY), ERROR);
  EXPECT_EQ(get(0, returned), 13U);
  EXPECT_EQ(get(1, returned), 0U);
  dev.reset();
  EXPECT_EQ(get(0, launched), 0U);
}

// ---- who accesses

TEST_F(EngineCoreTest, AccessesCarryStreamSubstreamAndAttributesOfTheirSide) {
  set_up(0, 0x10000, 0x10fff);
  put(0, udata0, 0x40000, 8);
  put(0, streamid, 0x103);
  put(0, substreamid, 0xfffff);
  put(0, attributes,
      0x8533U << 16 | 0x46ff);  // Non-cacheable, Outer, privileged instruction; Write-Back, Inner
  EXPECT_EQ(run_command(0, MEMCPY), HALTED);
  ASSERT_EQ(accesses.size(), 2U);
  for (const DmaOperation& a : accesses) {
    EXPECT_EQ(a.stream_id, 0x103U);
    EXPECT_TRUE(a.substream_valid);
    EXPECT_EQ(a.substream_id, 0xfffffU);
    EXPECT_FALSE(a.secure);
    EXPECT_TRUE(a.attributes_valid);
  }
  EXPECT_EQ(accesses[0].memory_type, 0xff);
  EXPECT_EQ(accesses[0].shareability, 3);
  EXPECT_TRUE(accesses[0].instruction);
  EXPECT_FALSE(accesses[0].privileged);
  EXPECT_EQ(accesses[1].memory_type, 0x44);
  EXPECT_EQ(accesses[1].shareability, 2);
  EXPECT_FALSE(accesses[1].instruction) << "a write is data";
  EXPECT_TRUE(accesses[1].privileged);
  put(0, substreamid, no_substream);
  EXPECT_EQ(run_command(0, MEMCPY), HALTED);
  EXPECT_FALSE(accesses[0].substream_valid);
}

TEST_F(EngineCoreTest, AnAccessGoesOutAtThePortOfItsFrame) {
  set_up(0, 0x10000, 0x10fff);
  put(0, port_index, 1);
  put(0, cmd, SUM64);
  EXPECT_TRUE(dev.has_work(1));
  EXPECT_EQ(run(10, 0), 0U);
  EXPECT_EQ(run(10, 1), 1U);
  EXPECT_EQ(get(0, cmd), HALTED);
}

TEST_F(EngineCoreTest, ASecureFrameIsNotThereForNonSecureSoftware) {
  set_up(0, 0x10000, 0x10fff);
  put(0, pctrl, 0);
  EXPECT_EQ(get(0, pctrl), 1U) << "Non-secure software does not alter SSD_NS";
  dev.write(frame(0) + pctrl, 4, Secure, 0x300);
  EXPECT_EQ(get(0, pctrl), 0U);
  EXPECT_EQ(get(0, cmd), NO_FRAME);
  EXPECT_EQ(get(0, begin, 8), 0U);
  EXPECT_EQ(dev.peek(frame(0) + begin, 8, NonSecure), 0U);
  put(0, begin, 0x5000, 8);
  put(0, cmd, SUM64);
  EXPECT_EQ(sink.count("secure"), 2U);
  EXPECT_EQ(dev.read(frame(0) + begin, 8, Secure), 0x10000U);
  EXPECT_EQ(dev.read(frame(0) + pctrl, 4, Secure), 0x300U);
  dev.write(frame(0) + cmd, 4, Secure, SUM64);
  run();
  EXPECT_EQ(dev.read(frame(0) + cmd, 4, Secure), HALTED);
  ASSERT_EQ(accesses.size(), 1U);
  EXPECT_TRUE(accesses[0].secure);
  EXPECT_EQ(get(1, cmd), HALTED) << "the next frame is";
  dev.write(frame(0) + pctrl, 4, Secure, 1);
  EXPECT_EQ(get(0, begin, 8), 0x10000U);
}

TEST_F(EngineCoreTest, FramesCanBelongToSecureSoftwareFromReset) {
  Smmuv3TestEngineCore secure({1, 1, 0, 0, false}, diag);
  EXPECT_EQ(secure.read(frame(511) + cmd, 4, NonSecure), NO_FRAME);
  EXPECT_EQ(secure.read(frame(511) + cmd, 4, Secure), HALTED);
}

// ---- messages

TEST_F(EngineCoreTest, AMessageFollowsTheEndOfACommandAndFindsItsState) {
  set_up(0, 0x10000, 0x10fff);
  put(0, msiaddress, 0x80040, 8);
  put(0, msidata, 0xcafe0042);
  put(0, msiattr, 0x10);  // Device-nGnRE
  std::memset(&memory[0x80000], 0xee, 0x100);
  put(0, cmd, SUM64);
  EXPECT_EQ(run(1), 1U);
  EXPECT_EQ(get(0, cmd), HALTED) << "before the message is out";
  EXPECT_EQ(run(), 1U);
  const DmaOperation& a = accesses.back();
  EXPECT_TRUE(a.write);
  EXPECT_EQ(a.length, 4U);
  EXPECT_EQ(a.stream_id, 0x101U);
  EXPECT_EQ(a.memory_type, 0x04);
  std::uint32_t word = 0;
  std::memcpy(&word, &memory[0x80040], 4);
  EXPECT_EQ(word, 0xcafe0042U);
  EXPECT_EQ(memory[0x80044], 0xee);
  EXPECT_EQ(get(0, returned), 1U) << "a message is no transaction of the work";
  EXPECT_EQ(get(0, uctrl), 0U);
}

TEST_F(EngineCoreTest, AnErrorIsToldByAMessageToo) {
  set_up(0, 0x10000, 0x10fff);
  put(0, msiaddress, 0x80040, 8);
  errors[0x10000] = DmaResponse::Generic;
  EXPECT_EQ(run_command(0, SUM64), ERROR);
  EXPECT_EQ(accesses.size(), 2U);
  EXPECT_EQ(dev.counters().msis, 1U);
  put(0, stride, 0, 8);
  expect_misconfigured(0, SUM64, "and no message, since the frame cannot be trusted");
}

TEST_F(EngineCoreTest, AMessageThatAbortsSetsABitOfUctrlThatSoftwareClears) {
  set_up(0, 0x10000, 0x10fff);
  put(0, uctrl, 0x80000);
  put(0, msiaddress, 0x80040, 8);
  errors[0x80040] = DmaResponse::Generic;
  EXPECT_EQ(run_command(0, SUM64), HALTED);
  EXPECT_EQ(get(0, uctrl), 0x80001U);
  put(0, uctrl, 0);
  EXPECT_EQ(get(0, uctrl), 0U);
  EXPECT_EQ(dev.counters().msis_aborted, 1U);
}

TEST_F(EngineCoreTest, ACommandThatComesBeforeTheMessageOfTheLastOneWaitsForIt) {
  set_up(0, 0x10000, 0x10fff);
  put(0, msiaddress, 0x80040, 8);
  put(0, msidata, 1);
  put(0, cmd, SUM64);
  EXPECT_EQ(run(1), 1U);
  put(0, msidata, 2);
  put(0, port_index, 1);
  put(0, cmd, SUM64);
  EXPECT_EQ(run(1, 1), 0U);
  EXPECT_EQ(run(5, 0), 1U);
  EXPECT_EQ(memory[0x80040], 1) << "with what was set when its command ended";
  EXPECT_EQ(run(5, 1), 2U);
  EXPECT_EQ(memory[0x80040], 2);
}

// ---- many frames

TEST_F(EngineCoreTest, AFrameThatRunsIgnoresWritesToBothItsPages) {
  set_up(0, 0x10000, 0x13fff);
  put(0, cmd, SUM64);
  run(1);
  put(0, cmd, HALTED);
  put(0, begin, 0, 8);
  put(0, streamid, 0);
  put(0, uctrl, 1);
  EXPECT_EQ(sink.count("running"), 4U);
  EXPECT_EQ(get(0, cmd), SUM64);
  EXPECT_EQ(get(0, begin, 8), 0x10000U);
  EXPECT_EQ(get(0, streamid), 0x101U);
  put(1, begin, 0x77, 8);
  EXPECT_EQ(get(1, begin, 8), 0x77U) << "another frame takes them";
  run();
  EXPECT_EQ(get(0, cmd), HALTED);
  put(0, begin, 0, 8);
  EXPECT_EQ(get(0, begin, 8), 0U);
}

TEST_F(EngineCoreTest, FramesTakeTurnsAndEndByThemselves) {
  fill_memory(0x10000, 0x8000);
  const std::uint32_t frames[] = {0, 5, 511, 512, 1023};
  std::uint32_t i = 0;
  for (const std::uint32_t f : frames) {
    set_up(f, 0x10000 + i * 0x1000, 0x11fff + i * 0x1000);
    put(f, cmd, SUM64);
    ++i;
  }
  // One access of each is out at a time.
  std::vector<DmaOperation> out;
  DmaOperation a;
  DmaBuffer buffer;
  while (dev.next(0, a, buffer)) out.push_back(a);
  ASSERT_EQ(out.size(), 5U);
  for (unsigned k = 0; k < 5; ++k) EXPECT_EQ(dev.frame_of(out[k]), frames[k]);
  for (unsigned k = 5; k-- > 0;) {
    answer(out[k], buffer);
    dev.complete(out[k], DmaResponse::Ok, buffer);
    dev.complete(out[k], DmaResponse::Ok, buffer);  // an answer counts once
  }
  run();
  i = 0;
  for (const std::uint32_t f : frames) {
    EXPECT_EQ(get(f, cmd), HALTED);
    EXPECT_EQ(get(f, udata1, 8), sum_of(memory, 0x10000 + i * 0x1000, 0x2000, 8)) << f;
    EXPECT_EQ(get(f, returned), 2U);
    ++i;
  }
}

TEST_F(EngineCoreTest, FramesThatShareOneMasterTakeTurns) {
  for (const std::uint32_t f : {2U, 0U, 700U}) {
    set_up(f, 0x10000, 0x11fff);
    put(f, cmd, SUM64);
  }
  run();
  ASSERT_EQ(accesses.size(), 6U);
  const std::uint32_t expected[] = {0, 2, 700, 0, 2, 700};
  for (unsigned i = 0; i < 6; ++i) EXPECT_EQ(dev.frame_of(accesses[i]), expected[i]) << i;
}

TEST_F(EngineCoreTest, AnAnswerToAnEarlierAccessIsNotTakenForThatOfTheNext) {
  set_up(0, 0x10000, 0x12fff);
  put(0, cmd, SUM64);
  DmaOperation first;
  DmaOperation second;
  DmaBuffer buffer{};
  ASSERT_TRUE(dev.next(0, first, buffer));
  dev.complete(first, DmaResponse::Ok, buffer);
  ASSERT_TRUE(dev.next(0, second, buffer));
  dev.complete(first, DmaResponse::Generic, buffer);
  EXPECT_EQ(get(0, cmd), SUM64);
  EXPECT_EQ(get(0, returned), 1U);
  dev.complete(second, DmaResponse::Ok, buffer);
  EXPECT_EQ(get(0, returned), 2U);
}

TEST_F(EngineCoreTest, AResetStopsARangeWithoutEnd) {
  set_up(0, 8, ~0ULL, 8, 3);
  put(0, cmd, RAND48);
  errors.clear();
  DmaOperation a;
  DmaBuffer buffer;
  for (int k = 0; k < 100; ++k) {
    ASSERT_TRUE(dev.next(0, a, buffer));
    ASSERT_EQ(a.length, 8U);
    if (k < 99) dev.complete(a, DmaResponse::Ok, buffer);
  }
  dev.reset();
  EXPECT_EQ(get(0, cmd), HALTED);
  EXPECT_FALSE(dev.has_work(0));
  set_up(0, 0x1000, 0x1fff);
  put(0, cmd, SUM64);
  dev.complete(a, DmaResponse::Generic, buffer);
  EXPECT_EQ(get(0, cmd), SUM64) << "the answer to what the reset has overtaken is no one's";
  run();
  EXPECT_EQ(get(0, cmd), HALTED);
}

// ---- configuration

TEST_F(EngineCoreTest, ImpossibleConfigurationsAreRefused) {
  EXPECT_THROW(Smmuv3TestEngineCore({0, 1, 0, 0, true}, diag), ConfigError);
  EXPECT_THROW(Smmuv3TestEngineCore({9, 1, 0, 0, true}, diag), ConfigError);
  EXPECT_THROW(Smmuv3TestEngineCore({1, 65, 0, 0, true}, diag), ConfigError);
  EXPECT_THROW(Smmuv3TestEngineCore({1, 1, 0xffffffff, 2, true}, diag), ConfigError);
  EXPECT_NO_THROW(Smmuv3TestEngineCore({1, 1, 0xffffffff, 1, true}, diag));
}

TEST_F(EngineCoreTest, WithoutAStreamCountEveryStreamIdMayBeUsed) {
  Smmuv3TestEngineCore any({1, 1, 0, 0, true}, diag);
  any.write(streamid, 4, NonSecure, 0xfffffffe);
  any.write(end_incl, 8, NonSecure, 7);
  any.write(stride, 8, NonSecure, 1);
  any.write(cmd, 4, NonSecure, SUM64);
  DmaOperation a;
  DmaBuffer buffer;
  ASSERT_TRUE(any.next(0, a, buffer));
  EXPECT_EQ(a.stream_id, 0xfffffffeU);
}

}  // namespace
}  // namespace smmuvp
