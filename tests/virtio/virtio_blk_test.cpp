#include "smmuvp/virtio/virtio_blk.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>

#include "smmuvp/memory/memory.h"
#include "smmuvp/test/bench.h"
#include "smmuvp/tlm/access_extension.h"
#include "smmuvp/tlm/device_tree.h"
#include "split_ring_driver.h"

namespace {

// Every fdatasync of this program: which file, how often, and what it is to say.
struct Syncs {
  int count = 0;
  int error = 0;
  ino_t file = 0;
} syncs;

}  // namespace

// Stands before the C library's; it is not passed on, because the tests' files need not survive the host.
extern "C" int fdatasync(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return -1;
  ++syncs.count;
  syncs.file = info.st_ino;
  errno = syncs.error;
  return syncs.error == 0 ? 0 : -1;
}

namespace smmuvp {
namespace {

using Driver = test::SplitRingDriver;

constexpr std::uint32_t IN = 0, OUT = 1, FLUSH = 4, GET_ID = 8;
constexpr std::uint32_t STATUS = 0x070, INTERRUPT_STATUS = 0x060, INTERRUPT_ACK = 0x064;
constexpr std::size_t image_bytes = 64 * 1024;

/// A file in /tmp that goes with the object.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content) {
    char name[] = "/tmp/virtio_blk_test_XXXXXX";
    const int fd = ::mkstemp(name);
    EXPECT_GE(fd, 0);
    m_path = name;
    EXPECT_EQ(::write(fd, content.data(), content.size()), static_cast<ssize_t>(content.size()));
    ::close(fd);
  }
  ~TemporaryFile() { ::unlink(m_path.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return m_path; }
  std::string content() const {
    std::ifstream in(m_path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  std::string m_path;
};

std::string pattern() {
  std::string s(image_bytes, '\0');
  for (std::size_t i = 0; i < s.size(); ++i) s[i] = static_cast<char>(i * 11 + i / 512);
  return s;
}

/// Between device and memory: keeps what each access said of itself.
struct Wire : sc_core::sc_module {
  explicit Wire(const sc_core::sc_module_name& n) : sc_core::sc_module(n), in("in"), out("out") {
    in.register_b_transport(this, &Wire::b_transport);
  }
  void b_transport(tlm::tlm_generic_payload& p, sc_core::sc_time& delay) {
    const auto* e = p.get_extension<AccessExtension>();
    EXPECT_NE(e, nullptr);
    if (e != nullptr) seen.push_back(*e);
    if (stall != sc_core::SC_ZERO_TIME) wait(stall);
    out->b_transport(p, delay);
  }
  tlm_utils::simple_target_socket<Wire, platform_buswidth> in;
  tlm_utils::simple_initiator_socket<Wire, platform_buswidth> out;
  std::vector<AccessExtension> seen;
  sc_core::sc_time stall = sc_core::SC_ZERO_TIME;
};

struct Bench {
  Bench() {
    cpu.socket.bind(disk.registers);
    disk.dma.bind(wire.in);
    wire.out.bind(memory.socket);
    disk.irq(irq);
    disk.reset(reset);
    test::advance();
  }
  static Params memory_params() {
    Params p(memory_type().params);
    p.set("size", std::uint64_t{1} << 20);
    p.set("latency_ps", std::uint64_t{1000});
    return p;
  }
  Params params() {
    Params p(virtio_blk_type().params);
    p.set("image", file.path());
    p.set("serial", "unit");
    p.set("stream_base", std::uint64_t{0x123});
    p.set("latency_ps", std::uint64_t{50'000'000});
    p.set("bytes_per_us", std::uint64_t{1000});  // a byte a nanosecond
    return p;
  }
  std::uint64_t status() { return driver.peek(Driver::status, 1); }

  TemporaryFile file{pattern()};
  test::CapturingHost host;
  VirtioBlk disk{"disk", params(), host};
  Memory memory{"memory", memory_params(), host};
  Wire wire{"wire"};
  test::Master cpu{"cpu"};
  sc_core::sc_signal<bool> irq, reset;
  Driver driver{[this](std::uint32_t o) { return static_cast<std::uint32_t>(cpu.get(o)); },
                [this](std::uint32_t o, std::uint32_t v) { cpu.put(o, v); }, memory.data()};
};

/// Reset, driver started.
Bench& bench() {
  static Bench b;
  b.wire.stall = sc_core::SC_ZERO_TIME;
  b.reset.write(true);
  test::advance(1'000'000'000);
  b.reset.write(false);
  test::advance();
  b.wire.seen.clear();
  b.host.diagnostics.clear();
  b.driver.start();
  return b;
}

TEST(VirtioBlk, AReadComesFromTheFileAndInterrupts) {
  Bench& b = bench();
  b.driver.request(IN, 7, 4096, true);
  EXPECT_EQ(b.status(), 0xeeU);
  test::advance(1'000'000'000);
  EXPECT_EQ(b.status(), 0U);
  EXPECT_EQ(std::memcmp(b.memory.data() + Driver::buffer, b.file.content().data() + 7 * 512, 4096), 0);
  EXPECT_TRUE(b.irq.read());
  b.driver.put(INTERRUPT_ACK, b.driver.get(INTERRUPT_STATUS));
  test::advance();
  EXPECT_FALSE(b.irq.read());
}

TEST(VirtioBlk, AWriteReachesTheFile) {
  Bench& b = bench();
  std::string expected = b.file.content();
  std::memset(b.memory.data() + Driver::buffer, 0x42, 1024);
  std::memset(&expected[20 * 512], 0x42, 1024);
  b.driver.request(OUT, 20, 1024, false);
  test::advance(1'000'000'000);
  EXPECT_EQ(b.status(), 0U);
  EXPECT_EQ(b.file.content(), expected);
}

TEST(VirtioBlk, AFlushCommitsTheFile) {
  Bench& b = bench();
  syncs = {};
  b.driver.request(FLUSH, 0, 0, false);
  test::advance(1'000'000'000);
  EXPECT_EQ(b.status(), 0U);
  EXPECT_EQ(syncs.count, 1);
  struct stat info {};
  ASSERT_EQ(::stat(b.file.path().c_str(), &info), 0);
  EXPECT_EQ(syncs.file, info.st_ino);
  syncs.error = EIO;
  b.driver.request(FLUSH, 0, 0, false);
  test::advance(1'000'000'000);
  EXPECT_EQ(b.status(), 1U) << "VIRTIO_BLK_S_IOERR";
  syncs = {};
}

TEST(VirtioBlk, EachAccessCarriesTheStreamAndIsUnprivileged) {
  Bench& b = bench();
  b.driver.request(GET_ID, 0, 20, true);
  test::advance(1'000'000'000);
  EXPECT_EQ(std::string(reinterpret_cast<char*>(b.memory.data() + Driver::buffer)), "unit");
  ASSERT_EQ(b.wire.seen.size(), 12U);
  for (const AccessExtension& e : b.wire.seen) {
    EXPECT_TRUE(e.stream_valid);
    EXPECT_EQ(e.stream_id, 0x123U);
    EXPECT_FALSE(e.substream_valid);
    EXPECT_FALSE(e.privileged);
    EXPECT_FALSE(e.instruction);
    EXPECT_EQ(e.address_space, AddressSpace::non_secure);
  }
}

TEST(VirtioBlk, ARequestTakesItsLatencyTheTimeOfItsBytesAndOfTheBus) {
  Bench& b = bench();
  b.driver.request(IN, 0, 4096, true);
  // Index 2, head 2, three descriptors 48, header 16, data 4096, status 1, used 8 and 2, flags 2; 1 ns a
  // byte, and 1 ns of memory for each of the eleven accesses.
  const std::uint64_t total = (2 + 2 + 48 + 16 + 4096 + 1 + 8 + 2 + 2 + 11) * 1000 + 50'000'000;
  test::advance(total - 1000);
  EXPECT_FALSE(b.irq.read());
  test::advance(2000);
  EXPECT_TRUE(b.irq.read());
}

TEST(VirtioBlk, ABusErrorAtABufferFailsTheRequestAndTheDeviceWorksAfterIt) {
  Bench& b = bench();
  b.driver.set_header(IN, 0);
  b.driver.submit({{Driver::header, 16, false}, {1ULL << 40, 512, true}, {Driver::status, 1, true}});
  test::advance(1'000'000'000);
  EXPECT_EQ(b.status(), 1U) << "VIRTIO_BLK_S_IOERR";
  EXPECT_EQ(b.driver.get(STATUS), 0xfU);
  EXPECT_EQ(b.driver.get(INTERRUPT_STATUS), 1U);
  ASSERT_EQ(b.host.count("buffer"), 1U);
  EXPECT_EQ(*b.host.diagnostics.back().address, 1ULL << 40);
  b.driver.request(IN, 0, 512, true);
  test::advance(1'000'000'000);
  EXPECT_EQ(b.status(), 0U);
}

TEST(VirtioBlk, ABusErrorAtTheStatusNeedsAResetAndTheDeviceWorksAfterIt) {
  Bench& b = bench();
  b.driver.set_header(IN, 0);
  b.driver.submit({{Driver::header, 16, false}, {Driver::buffer, 512, true}, {1ULL << 40, 1, true}});
  test::advance(1'000'000'000);
  EXPECT_EQ(b.driver.get(STATUS), 0x4fU);
  EXPECT_EQ(b.driver.get(INTERRUPT_STATUS), 2U);
  EXPECT_TRUE(b.irq.read());
  ASSERT_EQ(b.host.count("bus_error"), 1U);
  EXPECT_EQ(*b.host.diagnostics.back().address, 1ULL << 40);
  b.driver.start();
  b.driver.request(IN, 0, 512, true);
  test::advance(1'000'000'000);
  EXPECT_EQ(b.status(), 0U);
}

TEST(VirtioBlk, ATargetThatWaitsIsWaitedForAndAResetMeanwhileWins) {
  Bench& b = bench();
  b.wire.stall = sc_core::sc_time(1, sc_core::SC_MS);
  b.driver.request(IN, 0, 512, true);
  test::advance(1'500'000'000);
  EXPECT_EQ(b.wire.seen.size(), 2U);
  b.driver.put(STATUS, 0);
  // The second access is held up from 1 ms to 2 ms, then takes its time.
  EXPECT_EQ(b.driver.get(STATUS), 0xfU) << "it may still reach memory";
  test::advance(490'000'000);
  EXPECT_EQ(b.driver.get(STATUS), 0xfU);
  test::advance(20'000'000);
  EXPECT_EQ(b.driver.get(STATUS), 0U);
  test::advance(20'000'000'000);
  EXPECT_EQ(b.wire.seen.size(), 2U);
  EXPECT_EQ(b.status(), 0xeeU);
  EXPECT_FALSE(b.irq.read());
}

TEST(VirtioBlk, AccessesThatNoRegisterTakesAreAnswered) {
  Bench& b = bench();
  std::uint8_t data[16]{};
  EXPECT_EQ(b.cpu.read(0x200, data, 4), tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_EQ(b.cpu.read(0x000, data, 16), tlm::TLM_BURST_ERROR_RESPONSE);
  EXPECT_EQ(b.cpu.read(0x002, data, 4), tlm::TLM_BURST_ERROR_RESPONSE);
  EXPECT_EQ(b.cpu.get(0x100, 8), image_bytes / 512);
}

TEST(VirtioBlk, TheDeviceTreeNodeFollowsLinuxsBinding) {
  Bench& b = bench();
  DtNode node("device");
  b.disk.describe(node);
  EXPECT_EQ(node.name(), "virtio");
  ASSERT_EQ(node.properties().size(), 1U);
  EXPECT_EQ(std::get<DtNode::Strings>(node.properties()[0].value), DtNode::Strings{"virtio,mmio"});
}

TEST(VirtioBlk, CountersTellRequestsAndBytes) {
  Bench& b = bench();
  const test::Statistics before(b.disk);
  b.driver.request(IN, 0, 1024, true);
  test::advance(1'000'000'000);
  b.driver.request(IN, 1 << 20, 1024, true);
  test::advance(1'000'000'000);
  const test::Statistics after(b.disk);
  EXPECT_EQ(after["requests"] - before["requests"], 2U);
  EXPECT_EQ(after["failed"] - before["failed"], 1U);
  EXPECT_EQ(after["read_bytes"] - before["read_bytes"], 1024U);
  EXPECT_EQ(after["interrupts"] - before["interrupts"], 1U) << "not acknowledged in between";
}

TEST(VirtioBlk, AnArchiveTakenDuringARequestContinuesIt) {
  Bench& b = bench();
  b.driver.request(IN, 0, 16384, true);
  test::advance(60'000'000);
  const auto saved = test::save(b.disk);
  test::advance(1'000'000'000);
  EXPECT_TRUE(b.irq.read());
  std::memset(b.memory.data() + Driver::buffer + 12288, 0, 4096);
  b.driver.poke(Driver::status, 0xee, 1);
  EXPECT_EQ(test::load(b.disk, saved), "");
  test::advance();
  EXPECT_FALSE(b.irq.read());
  test::advance(1'000'000'000);
  EXPECT_TRUE(b.irq.read());
  EXPECT_EQ(b.status(), 0U);
  EXPECT_EQ(std::memcmp(b.memory.data() + Driver::buffer, b.file.content().data(), 16384), 0);
}

std::string refusal(const std::string& path, bool read_only = true) {
  try {
    FileStorage storage(path, read_only);
  } catch (const ConfigError& e) {
    EXPECT_EQ(e.key(), "image");
    return e.what();
  }
  return "";
}

TEST(FileStorage, OnlyARegularFileOfWholeSectorsIsTaken) {
  const TemporaryFile good(std::string(1024, 'x'));
  const TemporaryFile odd(std::string(1000, 'x'));
  const TemporaryFile empty("");
  EXPECT_EQ(refusal(good.path()), "");
  EXPECT_NE(refusal("").find("no disk image"), std::string::npos);
  EXPECT_NE(refusal("/nowhere/disk.img").find("/nowhere/disk.img"), std::string::npos);
  EXPECT_NE(refusal(odd.path()).find("multiple of 512"), std::string::npos);
  EXPECT_NE(refusal(empty.path()).find("multiple of 512"), std::string::npos);
  EXPECT_NE(refusal("/tmp").find("not a regular file"), std::string::npos);
  const std::string fifo = good.path() + ".fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_NE(refusal(fifo).find("not a regular file"), std::string::npos);
  ::unlink(fifo.c_str());
}

TEST(FileStorage, AnImageHasOneWriterOrManyReaders) {
  const TemporaryFile file(std::string(1024, 'x'));
  const TemporaryFile other(std::string(1024, 'x'));
  {
    FileStorage writer(file.path(), false);
    for (const bool read_only : {false, true}) {
      const std::string why = refusal(file.path(), read_only);
      EXPECT_NE(why.find(file.path()), std::string::npos);
      EXPECT_NE(why.find("in use"), std::string::npos);
    }
    EXPECT_EQ(refusal(other.path(), false), "");
  }
  FileStorage reader(file.path(), true);
  EXPECT_EQ(refusal(file.path(), true), "");
  EXPECT_NE(refusal(file.path(), false).find("in use"), std::string::npos);
}

TEST(FileStorage, RangesOutsideTheFileAndWritesToAReadOnlyOneFail) {
  const TemporaryFile file(std::string(1024, 'x'));
  FileStorage storage(file.path(), true);
  std::uint8_t data[512] = {1};
  EXPECT_TRUE(storage.read(512, data, 512));
  EXPECT_EQ(data[0], 'x');
  EXPECT_FALSE(storage.read(513, data, 512));
  EXPECT_FALSE(storage.read(~0ULL, data, 2));
  EXPECT_FALSE(storage.write(0, data, 512));
  ASSERT_EQ(::truncate(file.path().c_str(), 512), 0);
  EXPECT_FALSE(storage.read(512, data, 512)) << "the file has shrunk meanwhile";
}

TEST(FileStorage, AFileThatHasShrunkIsNotWrittenToItsOldSizeAgain) {
  const TemporaryFile file(std::string(2048, 'x'));
  FileStorage storage(file.path(), false);
  ASSERT_EQ(::truncate(file.path().c_str(), 1024), 0);
  const std::uint8_t data[512] = {1};
  EXPECT_FALSE(storage.write(1536, data, 512));
  EXPECT_NE(storage.why().find(file.path()), std::string::npos);
  EXPECT_NE(storage.why().find("shrunk from 2048 to 1024 bytes"), std::string::npos);
  EXPECT_EQ(file.content(), std::string(1024, 'x'));
  EXPECT_TRUE(storage.write(512, data, 512));
  EXPECT_EQ(file.content().size(), 1024U);
}

}  // namespace
}  // namespace smmuvp
