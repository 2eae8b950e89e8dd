// The semihosting calls, without a CPU: what a program's blocks in memory are answered with.
#include "semihosting.h"

#include <cstring>
#include <random>

#include "machine.h"

namespace smmuvp::cpu {
namespace {

constexpr uint64_t base = 0x40000000, failed = ~uint64_t{0};
constexpr uint64_t SYS_OPEN = 0x01, SYS_CLOSE = 0x02, SYS_WRITEC = 0x03, SYS_WRITE0 = 0x04, SYS_WRITE = 0x05,
                   SYS_READ = 0x06, SYS_READC = 0x07, SYS_ISERROR = 0x08, SYS_ISTTY = 0x09, SYS_SEEK = 0x0a,
                   SYS_FLEN = 0x0c, SYS_TMPNAM = 0x0d, SYS_REMOVE = 0x0e, SYS_RENAME = 0x0f, SYS_CLOCK = 0x10,
                   SYS_TIME = 0x11, SYS_SYSTEM = 0x12, SYS_ERRNO = 0x13, SYS_GET_CMDLINE = 0x15,
                   SYS_HEAPINFO = 0x16, SYS_EXIT = 0x18, SYS_EXIT_EXTENDED = 0x20, SYS_ELAPSED = 0x30,
                   SYS_TICKFREQ = 0x31;

// A program with 8 KiB of memory at `base`: blocks at its start, text behind them.
class Program : public CpuHost, private DiagSink {
 public:
  static constexpr uint64_t block = base, text = base + 0x400, buffer = base + 0x800, size = 0x2000;

  uint64_t call(uint64_t operation, uint64_t parameter) {
    answer = semihosting.call(operation, parameter);
    return answer.x0;
  }
  // The same, with a block of parameters.
  uint64_t with(uint64_t operation, const std::vector<uint64_t>& fields) {
    std::memcpy(memory.data(), fields.data(), fields.size() * 8);
    return call(operation, block);
  }
  uint64_t open(const std::string& path, uint64_t mode) {
    put(text, path + '\0');
    return with(SYS_OPEN, {text, mode, path.size()});
  }
  void put(uint64_t at, const std::string& bytes) {
    ASSERT_LE(at - base + bytes.size(), size);
    std::memcpy(memory.data() + (at - base), bytes.data(), bytes.size());
  }
  std::string bytes(uint64_t at, size_t n) const {
    return {reinterpret_cast<const char*>(memory.data()) + (at - base), n};
  }
  uint64_t field(uint64_t at) const {
    uint64_t value = 0;
    std::memcpy(&value, memory.data() + (at - base), 8);
    return value;
  }

  std::vector<uint8_t> memory = std::vector<uint8_t>(size);
  std::string written, typed;
  uint64_t ticks = 0, longest_access = 0;
  int waits = 0;  // reads that may block
  SemihostingEnvironment environment;
  std::vector<Diagnostic> diagnostics;
  SemihostingAnswer answer;

  BusStatus bus_access(BusAccess&) override { return BusStatus::decode_error; }
  uint64_t counter() override { return ticks; }
  void timer_output(Timer, bool) override {}
  void timer_deadline_changed() override {}
  Diag& diag() override { return m_diag; }
  void semihosting_write(std::string_view s) override { written += s; }
  int semihosting_read(bool wait) override {
    waits += wait ? 1 : 0;
    if (typed.empty()) return -1;
    const int c = static_cast<unsigned char>(typed.front());
    typed.erase(0, 1);
    return c;
  }
  const SemihostingEnvironment& semihosting_environment() override { return environment; }

 private:
  void report(const Diagnostic& d) override { diagnostics.push_back(d); }
  size_t reach(uint64_t va, size_t length) {
    longest_access = std::max<uint64_t>(longest_access, length);
    return va < base || va - base >= size
               ? 0
               : static_cast<size_t>(std::min(size - (va - base), length + uint64_t{0}));
  }
  Diag m_diag{this, "cpu"};

 public:
  Semihosting semihosting{*this,
                          {[this](uint64_t va, void* data, size_t length) {
                             const size_t n = reach(va, length);
                             if (n != 0) std::memcpy(data, memory.data() + (va - base), n);
                             return n;
                           },
                           [this](uint64_t va, const void* data, size_t length) {
                             const size_t n = reach(va, length);
                             if (n != 0) std::memcpy(memory.data() + (va - base), data, n);
                             return n;
                           }}};
};

TEST(Semihosting, TheDebugChannelWritesStringsAndCharacters) {
  Program p;
  p.put(Program::text, std::string("hello") + '\0' + "not this");
  EXPECT_NE(p.call(SYS_WRITE0, Program::text), failed);
  p.put(Program::text, "!");
  p.call(SYS_WRITEC, Program::text);
  p.put(Program::text, std::string(1000, 'x') + '\0');
  p.call(SYS_WRITE0, Program::text);
  EXPECT_EQ(p.written, "hello!" + std::string(1000, 'x'));
  EXPECT_TRUE(p.diagnostics.empty());
}

TEST(Semihosting, TheModeDecidesWhichStreamOfTheConsoleIsOpened) {
  Program p;
  for (uint64_t mode = 0; mode < 12; ++mode) {
    const uint64_t handle = p.open(":tt", mode);
    ASSERT_NE(handle, failed);
    ASSERT_NE(handle, 0u) << "a handle is nonzero";
    p.put(Program::buffer, "out");
    p.typed = "in";
    EXPECT_EQ(p.with(SYS_WRITE, {handle, Program::buffer, 3}), mode < 4 ? failed : 0) << mode;
    EXPECT_EQ(p.with(SYS_READ, {handle, Program::buffer, 2}), mode < 4 ? 0 : failed) << mode;
    EXPECT_EQ(p.with(SYS_ISTTY, {handle}), 1u);
    EXPECT_EQ(p.with(SYS_FLEN, {handle}), 0u);
    EXPECT_EQ(p.with(SYS_SEEK, {handle, 0}), failed);
    EXPECT_EQ(p.with(SYS_CLOSE, {handle}), 0u);
    EXPECT_EQ(p.with(SYS_CLOSE, {handle}), failed);
    EXPECT_EQ(p.call(SYS_ERRNO, 0), 9u) << "EBADF";
  }
  EXPECT_EQ(p.written, "outoutoutoutoutoutoutout");
}

TEST(Semihosting, AReadGivesWhatIsThereAndTellsHowMuchIsMissing) {
  Program p;
  const uint64_t handle = p.open(":tt", 0);
  p.typed = "typed";
  EXPECT_EQ(p.with(SYS_READ, {handle, Program::buffer, 8}), 3u);
  EXPECT_EQ(p.bytes(Program::buffer, 5), "typed");
  EXPECT_EQ(p.waits, 1) << "only the first byte is waited for";
  EXPECT_EQ(p.with(SYS_READ, {handle, Program::buffer, 8}), 8u) << "the end of the input";
  EXPECT_EQ(p.with(SYS_READ, {handle, Program::buffer, 0}), 0u);
  p.typed = "\xff!";
  EXPECT_EQ(p.call(SYS_READC, 0), 0xffu);
  EXPECT_EQ(p.call(SYS_READC, 0), uint64_t{'!'});
  EXPECT_EQ(p.call(SYS_READC, 0), failed);
  p.typed = std::string(1000, 'y') + "z";
  EXPECT_EQ(p.with(SYS_READ, {handle, Program::buffer, 1000}), 0u);
  EXPECT_EQ(p.bytes(Program::buffer, 1000), std::string(1000, 'y'));
  EXPECT_EQ(p.typed, "z");
  EXPECT_TRUE(p.diagnostics.empty());
}

TEST(Semihosting, TheFeaturesAreAFileThatNamesBothExtensions) {
  Program p;
  const uint64_t a = p.open(":semihosting-features", 0), b = p.open(":semihosting-features", 1);
  ASSERT_NE(a, failed);
  ASSERT_NE(b, failed);
  EXPECT_NE(a, b);
  for (uint64_t mode = 2; mode < 12; ++mode) EXPECT_EQ(p.open(":semihosting-features", mode), failed) << mode;
  EXPECT_EQ(p.with(SYS_FLEN, {a}), 5u);
  EXPECT_EQ(p.with(SYS_ISTTY, {a}), 0u);
  EXPECT_EQ(p.with(SYS_READ, {a, Program::buffer, 4}), 0u);
  EXPECT_EQ(p.bytes(Program::buffer, 4), "SHFB");
  EXPECT_EQ(p.with(SYS_SEEK, {b, 4}), 0u);
  EXPECT_EQ(p.with(SYS_SEEK, {b, 6}), failed);
  EXPECT_EQ(p.with(SYS_READ, {b, Program::buffer, 100}), 99u);
  EXPECT_EQ(p.bytes(Program::buffer, 1), "\x03") << "SH_EXT_EXIT_EXTENDED and SH_EXT_STDOUT_STDERR";
  EXPECT_EQ(p.with(SYS_READ, {b, Program::buffer, 100}), 100u);
  EXPECT_EQ(p.with(SYS_READ, {a, Program::buffer, 100}), 99u) << "each handle has its own position";
  EXPECT_EQ(p.with(SYS_WRITE, {a, Program::buffer, 1}), failed);
  EXPECT_EQ(p.with(SYS_CLOSE, {a}), 0u);
  EXPECT_EQ(p.with(SYS_FLEN, {b}), 5u);
}

TEST(Semihosting, AllTimeIsSimulatedTime) {
  Program p;
  EXPECT_EQ(p.call(SYS_TICKFREQ, 0), 62'500'000u);
  EXPECT_EQ(p.call(SYS_CLOCK, 0), 0u);
  EXPECT_EQ(p.call(SYS_TIME, 0), 1735689600u) << "2025-01-01 00:00:00 UTC";
  p.ticks = 62'500'000 * 3 / 2;
  EXPECT_EQ(p.call(SYS_CLOCK, 0), 150u);
  EXPECT_EQ(p.call(SYS_TIME, 0), 1735689601u);
  EXPECT_EQ(p.call(SYS_ELAPSED, Program::block), 0u);
  EXPECT_EQ(p.field(Program::block), p.ticks);
  EXPECT_EQ(p.answer.x1, std::nullopt);
  EXPECT_EQ(p.call(SYS_ELAPSED, 8), failed);
  EXPECT_EQ(p.answer.x1, failed) << "on failure, both registers are -1";
}

TEST(Semihosting, ACommandLineIsGivenWhereThereIsRoomForIt) {
  Program p;
  p.environment.command_line = "kernel.elf one two";
  EXPECT_EQ(p.with(SYS_GET_CMDLINE, {Program::buffer, 80}), 0u);
  EXPECT_EQ(p.field(Program::block), Program::buffer);
  EXPECT_EQ(p.field(Program::block + 8), 18u);
  EXPECT_EQ(p.bytes(Program::buffer, 19), std::string("kernel.elf one two") + '\0');
  EXPECT_EQ(p.with(SYS_GET_CMDLINE, {Program::buffer, 19}), 0u);
  EXPECT_EQ(p.with(SYS_GET_CMDLINE, {Program::buffer, 18}), failed);
}

TEST(Semihosting, HeapAndStackAreTold) {
  Program p;
  p.environment.heap_base = 1;
  p.environment.heap_limit = 2;
  p.environment.stack_base = 3;
  p.environment.stack_limit = 4;
  EXPECT_NE(p.with(SYS_HEAPINFO, {Program::buffer}), failed) << "the parameter is the address of a pointer";
  for (uint64_t i = 0; i < 4; ++i) EXPECT_EQ(p.field(Program::buffer + 8 * i), i + 1);
  EXPECT_EQ(p.field(Program::block), Program::buffer);
}

TEST(Semihosting, BothExitsGiveTheStatusOfAnApplicationExit) {
  for (const uint64_t operation : {SYS_EXIT, SYS_EXIT_EXTENDED}) {
    Program p;
    p.with(operation, {0x20026, 7});
    EXPECT_TRUE(p.answer.exit);
    EXPECT_EQ(p.answer.status, 7u);
    p.with(operation, {0x20023, 0});
    EXPECT_EQ(p.answer.status, 1u);
    EXPECT_TRUE(p.diagnostics.empty());
    p.call(operation, uint64_t{0});
    EXPECT_EQ(p.answer.status, 1u);
    EXPECT_EQ(p.diagnostics.size(), 1u);
  }
}

TEST(Semihosting, AnErrorIsANegativeStatus) {
  Program p;
  EXPECT_EQ(p.with(SYS_ISERROR, {failed}), 1u);
  EXPECT_EQ(p.with(SYS_ISERROR, {0}), 0u);
  EXPECT_EQ(p.with(SYS_ISERROR, {5}), 0u);
}

TEST(Semihosting, WhatReachesTheHostsFilesOrShellIsRefusedByName) {
  Program p;
  EXPECT_EQ(p.open("/etc/passwd", 0), failed);
  EXPECT_EQ(p.call(SYS_ERRNO, 0), 2u) << "ENOENT";
  ASSERT_EQ(p.diagnostics.size(), 1u);
  EXPECT_EQ(p.diagnostics[0].text, "SYS_OPEN of '/etc/passwd': files of the host are not given to a guest");
  const std::pair<uint64_t, const char*> others[] = {{SYS_TMPNAM, "SYS_TMPNAM"},
                                                     {SYS_REMOVE, "SYS_REMOVE"},
                                                     {SYS_RENAME, "SYS_RENAME"},
                                                     {SYS_SYSTEM, "SYS_SYSTEM"}};
  for (const auto& [operation, name] : others) {
    p.diagnostics.clear();
    EXPECT_EQ(p.call(operation, Program::block), failed);
    EXPECT_EQ(p.call(SYS_ERRNO, 0), 38u) << "ENOSYS";
    ASSERT_EQ(p.diagnostics.size(), 1u);
    EXPECT_EQ(p.diagnostics[0].kind, DiagKind::Unimplemented);
    EXPECT_NE(p.diagnostics[0].text.find(name), std::string::npos);
  }
  p.diagnostics.clear();
  for (uint64_t operation = 0x32; operation < 0x400; ++operation) EXPECT_EQ(p.call(operation, 0), failed);
  EXPECT_EQ(p.diagnostics.size(), 1u) << "numbers that mean nothing are told once";
}

TEST(Semihosting, BadPointersAreAnsweredWithMinusOneAndADiagnosticThatNamesTheOperation) {
  for (const uint64_t pointer : {uint64_t{0}, base - 1, base + Program::size - 4, failed, failed - 7}) {
    for (const uint64_t operation : {SYS_OPEN, SYS_CLOSE, SYS_WRITE, SYS_READ, SYS_ISTTY, SYS_SEEK, SYS_FLEN,
                                     SYS_GET_CMDLINE, SYS_HEAPINFO, SYS_ELAPSED, SYS_ISERROR}) {
      Program p;
      EXPECT_EQ(p.call(operation, pointer), failed) << operation;
      EXPECT_EQ(p.call(SYS_ERRNO, 0), 14u) << "EFAULT";
      ASSERT_EQ(p.diagnostics.size(), 1u) << operation;
      EXPECT_EQ(p.diagnostics[0].kind, DiagKind::GuestError);
      EXPECT_EQ(p.diagnostics[0].text.rfind("SYS_", 0), 0u) << p.diagnostics[0].text;
      EXPECT_EQ(p.diagnostics[0].address, pointer);
    }
  }
  Program p;
  const uint64_t in = p.open(":tt", 0), out = p.open(":tt", 4);
  p.typed = "kept";
  EXPECT_EQ(p.with(SYS_READ, {in, 8, 4}), failed);
  EXPECT_EQ(p.typed, "kept") << "what cannot be delivered is not taken";
  EXPECT_EQ(p.with(SYS_WRITE, {out, 8, 4}), failed);
  EXPECT_EQ(p.call(SYS_WRITE0, 8), failed);
  EXPECT_EQ(p.call(SYS_WRITEC, 8), failed);
  EXPECT_EQ(p.with(SYS_GET_CMDLINE, {8, 80}), failed);
  EXPECT_EQ(p.with(SYS_OPEN, {8, 0, 3}), failed);
  EXPECT_EQ(p.diagnostics.size(), 6u);
  EXPECT_EQ(p.written, "");
}

TEST(Semihosting, NoLengthIsBelieved) {
  Program p;
  const uint64_t in = p.open(":tt", 0), out = p.open(":tt", 4);
  const uint64_t rest = base + Program::size - Program::buffer;
  EXPECT_EQ(p.with(SYS_WRITE, {out, Program::buffer, failed}), failed - rest);
  EXPECT_EQ(p.written.size(), rest);
  p.typed = std::string(2 * Program::size, 'x');
  EXPECT_EQ(p.with(SYS_READ, {in, Program::buffer, failed}), failed - rest);
  EXPECT_EQ(p.with(SYS_OPEN, {Program::text, 0, failed}), failed);
  std::memset(p.memory.data(), 'x', Program::size);
  EXPECT_EQ(p.call(SYS_WRITE0, base), failed) << "no null character up to the end of memory";
  EXPECT_LE(p.longest_access, 256u);
}

TEST(Semihosting, ACallMovesABoundedNumberOfBytes) {
  // Memory that is the same everywhere has no end.
  struct Endless : Program {
    uint64_t bytes = 0;
    void semihosting_write(std::string_view s) override { bytes += s.size(); }
  } p;
  const GuestMemory everywhere{[](uint64_t, void* data, size_t n) {
                                 std::memset(data, 4, n);
                                 return n;
                               },
                               [](uint64_t, const void*, size_t n) { return n; }};
  Semihosting semihosting(p, everywhere);
  EXPECT_EQ(semihosting.call(SYS_WRITE0, 0).x0, failed);
  EXPECT_EQ(p.bytes, Semihosting::most_bytes);
  EXPECT_EQ(p.diagnostics.size(), 1u);
}

TEST(Semihosting, AProgramThatOpensTooMuchIsRefused) {
  Program p;
  for (size_t i = 0; i < Semihosting::most_handles; ++i) ASSERT_NE(p.open(":tt", 0), failed);
  EXPECT_EQ(p.open(":tt", 0), failed);
  EXPECT_EQ(p.call(SYS_ERRNO, 0), 24u) << "EMFILE";
  p.semihosting.reset();
  EXPECT_NE(p.open(":tt", 0), failed);
}

TEST(Semihosting, ACheckpointKeepsFilesPositionsAndErrno) {
  Program p, q;
  p.open(":tt", 8);
  const uint64_t features = p.open(":semihosting-features", 0);
  p.with(SYS_READ, {features, Program::buffer, 3});
  p.with(SYS_CLOSE, {99});
  ArchiveWriter saved;
  p.semihosting.visit(saved);
  ArchiveReader loaded(saved.data());
  q.semihosting.visit(loaded);
  ASSERT_TRUE(loaded.ok()) << loaded.error();
  EXPECT_EQ(q.call(SYS_ERRNO, 0), 9u);
  EXPECT_EQ(q.with(SYS_READ, {features, Program::buffer, 9}), 7u);
  EXPECT_EQ(q.bytes(Program::buffer, 2), "B\x03");
}

// Whatever is called, memory is reached in bounded pieces, and only an exit ends the program.
TEST(Semihosting, RandomCallsAreSurvived) {
  std::mt19937_64 random(1);
  Program p;
  const auto value = [&]() -> uint64_t {
    switch (random() % 6) {
      case 0:
        return random() % 20;
      case 1:
        return base + random() % Program::size;
      case 2:
        return base + random() % 64 * 8;
      case 3:
        return base + Program::size - random() % 64;
      case 4:
        return failed - random() % 64;
      default:
        return random();
    }
  };
  for (int i = 0; i < 200000; ++i) {
    for (uint64_t at = 0; at < 4 * 8; at += 8) {
      const uint64_t v = value();
      std::memcpy(p.memory.data() + at, &v, 8);
    }
    if (random() % 4 == 0) p.open(random() % 2 == 0 ? ":tt" : ":semihosting-features", random() % 13);
    if (random() % 16 == 0) p.typed = std::string(random() % 700, 't');
    const uint64_t operation = random() % 8 == 0 ? random() : random() % 0x40;
    const SemihostingAnswer answer =
        p.semihosting.call(operation, random() % 2 == 0 ? Program::block : value());
    const auto w0 = static_cast<uint32_t>(operation);
    EXPECT_EQ(answer.exit, w0 == SYS_EXIT || w0 == SYS_EXIT_EXTENDED);
    p.written.clear();
  }
  EXPECT_LE(p.longest_access, 256u);
}

}  // namespace
}  // namespace smmuvp::cpu
