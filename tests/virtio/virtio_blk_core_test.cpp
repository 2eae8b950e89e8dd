#include "smmuvp/virtio/virtio_blk_core.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "smmuvp/test/core.h"
#include "split_ring_driver.h"

namespace smmuvp {
namespace {

using Driver = test::SplitRingDriver;

constexpr std::uint32_t IN = 0, OUT = 1, FLUSH = 4, GET_ID = 8, DISCARD = 11;
constexpr std::uint8_t S_OK = 0, S_IOERR = 1, S_UNSUPP = 2;
constexpr std::uint32_t STATUS = 0x070, INTERRUPT_STATUS = 0x060, INTERRUPT_ACK = 0x064, QUEUE_READY = 0x044;
constexpr std::uint32_t NEEDS_RESET = 64;
constexpr std::uint64_t sectors = 64;

struct Disk : BlockStorage {
  std::uint64_t size() const override { return bytes.size(); }
  bool read(std::uint64_t offset, std::uint8_t* to, std::uint32_t n) override {
    if (fail || offset + n > bytes.size()) return false;
    std::memcpy(to, &bytes[offset], n);
    return true;
  }
  bool write(std::uint64_t offset, const std::uint8_t* from, std::uint32_t n) override {
    if (fail || offset + n > bytes.size()) return false;
    std::memcpy(&bytes[offset], from, n);
    return true;
  }
  bool flush() override {
    ++flushes;
    return !fail && !fail_flush;
  }
  std::vector<std::uint8_t> bytes = std::vector<std::uint8_t>(sectors * 512);
  bool fail = false, fail_flush = false;
  int flushes = 0;
};

/// A device with memory from address 0, the driver, and a bus that makes each access at once.
struct Machine {
  explicit Machine(bool read_only = false, const std::string& serial = "DISK-0001") {
    VirtioBlkConfig config;
    config.read_only = read_only;
    config.serial = serial;
    config.stream_base = 0x31;
    core = std::make_unique<VirtioBlkCore>(config, disk, diag);
    for (std::size_t i = 0; i < disk.bytes.size(); ++i)
      disk.bytes[i] = static_cast<std::uint8_t>(i * 7 + i / 512);
  }
  /// @return false if the device had nothing to do.
  bool step() {
    DmaOperation a;
    DmaBuffer data{};
    if (!core->next(a, data)) return false;
    EXPECT_EQ(a.stream_id, 0x31U);
    EXPECT_GE(a.length, 1U);
    EXPECT_LE(a.length, 4096U);
    const bool ok =
        a.address < memory.size() && a.address + a.length <= memory.size() && a.address != refused;
    if (ok && a.write) std::memcpy(&memory[a.address], data.data(), a.length);
    if (ok && !a.write) std::memcpy(data.data(), &memory[a.address], a.length);
    accesses.push_back(a);
    core->complete(a, ok ? DmaResponse::Ok : DmaResponse::Address, data);
    return true;
  }
  void run() {
    for (int i = 0; step(); ++i) ASSERT_LT(i, 100000) << "the device never comes to rest";
  }
  /// Runs a request of one buffer. @return its status byte.
  std::uint64_t ask(std::uint32_t type, std::uint64_t sector, std::uint32_t bytes, bool device_writes) {
    driver.request(type, sector, bytes, device_writes);
    run();
    return driver.peek(Driver::status, 1);
  }
  /// Length in the used ring of the one chain that has been used since.
  std::uint32_t used_length() {
    Driver::Used u{};
    EXPECT_TRUE(driver.take(u));
    EXPECT_EQ(u.id, 0U);
    return u.length;
  }
  void expect_broken(const char* site) {
    run();
    EXPECT_EQ(driver.get(STATUS), 0xfU | NEEDS_RESET) << site;
    EXPECT_EQ(driver.get(INTERRUPT_STATUS), 2U) << site;
    EXPECT_TRUE(core->irq()) << site;
    EXPECT_EQ(sink.count(site), 1U) << site;
    Driver::Used u{};
    EXPECT_FALSE(driver.take(u)) << site;
    // It stands still until it is reset, and works then.
    driver.kick();
    EXPECT_FALSE(step()) << site;
    driver.start();
    EXPECT_EQ(driver.get(STATUS), 0xfU) << site;
    EXPECT_FALSE(core->irq()) << site;
    refused = ~0ULL;
    EXPECT_EQ(ask(IN, 0, 512, true), S_OK) << site;
  }

  test::CapturingDiag sink;
  Diag diag{&sink, "disk"};
  Disk disk;
  std::unique_ptr<VirtioBlkCore> core;
  std::vector<std::uint8_t> memory = std::vector<std::uint8_t>(0x20000);
  std::uint64_t refused = ~0ULL;
  std::vector<DmaOperation> accesses;
  Driver driver{[this](std::uint32_t o) { return static_cast<std::uint32_t>(core->read(o, 4)); },
                [this](std::uint32_t o, std::uint32_t v) { core->write(o, 4, v); }, memory.data()};
};

TEST(VirtioBlkCore, IdentifiesItselfAsAModernBlockDevice) {
  Machine m;
  EXPECT_EQ(m.driver.get(0x000), 0x74726976U);
  EXPECT_EQ(m.driver.get(0x004), 2U);
  EXPECT_EQ(m.driver.get(0x008), 2U);
  EXPECT_EQ(m.driver.get(0x034), 128U);
  EXPECT_EQ(m.driver.get(0x0fc), 0U);
}

TEST(VirtioBlkCore, OffersWhatIsBuiltAndReadOnlyByConfiguration) {
  constexpr std::uint64_t seg_max = 1 << 2, ro = 1 << 5, blk_size = 1 << 6, flush = 1 << 9;
  Machine m;
  EXPECT_EQ(m.driver.offered(), Driver::version_1 | Driver::access_platform | seg_max | blk_size | flush);
  Machine r(true);
  EXPECT_EQ(r.driver.offered() ^ m.driver.offered(), ro);
  m.driver.put(0x014, 2);
  EXPECT_EQ(m.driver.get(0x010), 0U);
}

TEST(VirtioBlkCore, TheConfigurationSpaceTakesAccessesOfAnyWidth) {
  Machine m;
  EXPECT_EQ(m.core->read(0x100, 8), sectors);
  EXPECT_EQ(m.core->read(0x100, 4), sectors);
  EXPECT_EQ(m.core->read(0x100, 1), sectors);
  EXPECT_EQ(m.core->read(0x104, 4), 0U);
  EXPECT_EQ(m.core->read(0x10c, 4), 126U);
  EXPECT_EQ(m.core->read(0x114, 2), 512U);
  m.core->write(0x100, 4, 1);
  EXPECT_EQ(m.core->read(0x100, 4), sectors);
}

TEST(VirtioBlkCore, ControlRegistersTake32BitAccessesOnly) {
  Machine m;
  EXPECT_EQ(m.core->read(0x000, 1), 0U);
  m.core->write(0x070, 1, 1);
  EXPECT_EQ(m.driver.get(STATUS), 0U);
  EXPECT_EQ(m.sink.count("width"), 2U);
}

TEST(VirtioBlkCore, WriteOnlyRegistersReadZeroAndReadOnlyOnesKeepTheirValue) {
  Machine m;
  for (const RegisterInfo& info : m.core->registers().table()) {
    if (info.offset == STATUS || info.bytes != 4 || info.offset == 0x014 || info.offset == 0x030) continue;
    const std::uint64_t before = m.core->read(info.offset, 4);
    m.core->write(info.offset, 4, 0xffffffff);
    if (info.access == Access::RW) continue;
    EXPECT_EQ(m.core->read(info.offset, 4), info.access == Access::RO ? before : 0U) << info.name;
  }
}

TEST(VirtioBlkCore, FeaturesOkIsRefusedWithoutAccessPlatformAndVersion1) {
  Machine m;
  EXPECT_FALSE(m.driver.negotiate(Driver::version_1));
  EXPECT_EQ(m.driver.get(STATUS), 3U);
  EXPECT_FALSE(m.driver.negotiate(Driver::access_platform));
  EXPECT_EQ(m.sink.count("FEATURES_OK.needed"), 2U);
  EXPECT_TRUE(m.driver.negotiate(Driver::version_1 | Driver::access_platform));
}

TEST(VirtioBlkCore, FeaturesOkIsRefusedForAFeatureThatWasNotOffered) {
  Machine m;
  constexpr std::uint64_t indirect = 1 << 28;
  EXPECT_FALSE(m.driver.negotiate(Driver::version_1 | Driver::access_platform | indirect));
  m.driver.put(STATUS, 0);
  m.driver.put(0x024, 2);
  m.driver.put(0x020, 1);
  m.driver.put(0x024, 1);
  m.driver.put(0x020, 3);
  m.driver.put(STATUS, 0xb);
  EXPECT_EQ(m.driver.get(STATUS), 3U);
  EXPECT_EQ(m.sink.count("FEATURES_OK.not_offered"), 2U);
}

TEST(VirtioBlkCore, FeaturesStandAfterFeaturesOk) {
  Machine m;
  EXPECT_TRUE(m.driver.negotiate(m.driver.offered()));
  m.driver.put(0x020, 0);
  EXPECT_EQ(m.sink.count("DriverFeatures"), 1U);
  m.driver.set_queue();
  m.driver.put(STATUS, 0xf);
  EXPECT_EQ(m.ask(IN, 0, 512, true), S_OK);
}

TEST(VirtioBlkCore, StatusBitsAreClearedByResetOnly) {
  Machine m;
  m.driver.start();
  m.driver.put(STATUS, 1);
  EXPECT_EQ(m.driver.get(STATUS), 0xfU);
  EXPECT_EQ(m.sink.count("Status.cleared"), 1U);
  m.driver.put(STATUS, 0xff);
  EXPECT_EQ(m.driver.get(STATUS), 0x8fU) << "a driver does not set DEVICE_NEEDS_RESET";
  m.driver.put(STATUS, 0);
  EXPECT_EQ(m.driver.get(STATUS), 0U);
  EXPECT_EQ(m.driver.get(QUEUE_READY), 0U);
}

TEST(VirtioBlkCore, OtherQueuesAreNotThere) {
  Machine m;
  m.driver.start();
  m.driver.put(0x030, 1);
  EXPECT_EQ(m.driver.get(0x034), 0U);
  EXPECT_EQ(m.driver.get(QUEUE_READY), 0U);
  m.driver.put(0x038, 4);
  m.driver.put(QUEUE_READY, 1);
  EXPECT_EQ(m.driver.get(QUEUE_READY), 0U);
  m.driver.put(0x030, 0);
  EXPECT_EQ(m.driver.get(QUEUE_READY), 1U);
  m.driver.put(0x050, 1);
  EXPECT_EQ(m.sink.count("QueueNotify"), 1U);
  EXPECT_FALSE(m.step());
}

TEST(VirtioBlkCore, AReadGivesTheSectorsAndItsLengthAndInterrupts) {
  Machine m;
  m.driver.start();
  EXPECT_EQ(m.ask(IN, 3, 1024, true), S_OK);
  EXPECT_EQ(std::memcmp(&m.memory[Driver::buffer], &m.disk.bytes[3 * 512], 1024), 0);
  EXPECT_EQ(m.used_length(), 1025U);
  EXPECT_EQ(m.driver.get(INTERRUPT_STATUS), 1U);
  EXPECT_TRUE(m.core->irq());
  m.driver.put(INTERRUPT_ACK, 1);
  EXPECT_FALSE(m.core->irq());
  EXPECT_EQ(m.core->counters().read_bytes, 1024U);
  EXPECT_TRUE(m.sink.diagnostics.empty());
}

TEST(VirtioBlkCore, AWriteReachesTheSectorsAndOnlyThem) {
  Machine m;
  m.driver.start();
  auto expected = m.disk.bytes;
  for (std::size_t i = 0; i < 8192; ++i) {
    m.memory[Driver::buffer + i] = static_cast<std::uint8_t>(i * 13);
    expected[5 * 512 + i] = static_cast<std::uint8_t>(i * 13);
  }
  EXPECT_EQ(m.ask(OUT, 5, 8192, false), S_OK);
  EXPECT_EQ(m.disk.bytes, expected);
  EXPECT_EQ(m.used_length(), 1U);
  EXPECT_EQ(m.core->counters().written_bytes, 8192U);
}

TEST(VirtioBlkCore, TheLastSectorIsReachedAndTheOneAfterItIsNot) {
  Machine m;
  m.driver.start();
  EXPECT_EQ(m.ask(IN, sectors - 1, 512, true), S_OK);
  for (const std::uint64_t sector :
       {sectors - 1, sectors, sectors + 1, ~std::uint64_t{0}, (std::uint64_t{1} << 55) - 1}) {
    EXPECT_EQ(m.ask(IN, sector, 1024, true), S_IOERR) << sector;
    EXPECT_EQ(m.ask(OUT, sector, 1024, false), S_IOERR) << sector;
  }
  EXPECT_EQ(m.sink.count("request.capacity"), 10U);
  EXPECT_EQ(m.core->counters().failed, 10U);
}

TEST(VirtioBlkCore, DataOfPartSectorsIsAnError) {
  Machine m;
  m.driver.start();
  EXPECT_EQ(m.ask(IN, 0, 513, true), S_IOERR);
  EXPECT_EQ(m.used_length(), 0U) << "nothing was written from the start of the buffer";
  EXPECT_EQ(m.ask(OUT, 0, 100, false), S_IOERR);
}

TEST(VirtioBlkCore, AReadOnlyDeviceFailsWritesAndReads) {
  Machine m(true);
  m.driver.start(m.driver.offered());
  const auto before = m.disk.bytes;
  m.memory[Driver::buffer] = 0x99;
  EXPECT_EQ(m.ask(OUT, 0, 512, false), S_IOERR);
  EXPECT_EQ(m.disk.bytes, before);
  EXPECT_EQ(m.ask(IN, 0, 512, true), S_OK);
}

TEST(VirtioBlkCore, FlushReachesTheStorage) {
  Machine m;
  m.driver.start();
  EXPECT_EQ(m.ask(FLUSH, 0, 0, false), S_OK);
  EXPECT_EQ(m.disk.flushes, 1);
  m.disk.fail = true;
  EXPECT_EQ(m.ask(FLUSH, 0, 0, false), S_IOERR);
}

TEST(VirtioBlkCore, AWriteIsCommittedBeforeItsStatusIfFlushIsNotNegotiated) {
  Machine m;
  m.driver.start();
  m.driver.request(OUT, 2, 8192, false);
  while (m.disk.flushes == 0) ASSERT_TRUE(m.step());
  EXPECT_EQ(m.disk.bytes[2 * 512 + 8191], m.memory[Driver::buffer + 8191]) << "all data first";
  EXPECT_EQ(m.driver.peek(Driver::status, 1), 0xeeU);
  m.run();
  EXPECT_EQ(m.driver.peek(Driver::status, 1), S_OK);
  EXPECT_EQ(m.disk.flushes, 1);
  EXPECT_EQ(m.ask(IN, 2, 8192, true), S_OK);
  EXPECT_EQ(m.disk.flushes, 1) << "reads have nothing to commit";
  m.disk.fail_flush = true;
  EXPECT_EQ(m.ask(OUT, 2, 512, false), S_IOERR);
  EXPECT_EQ(m.driver.get(STATUS), 0xfU);
}

TEST(VirtioBlkCore, AWriteWaitsForTheFlushThatTheDriverHasNegotiated) {
  Machine m;
  m.driver.start(m.driver.offered());
  EXPECT_EQ(m.ask(OUT, 2, 8192, false), S_OK);
  EXPECT_EQ(m.disk.flushes, 0);
  EXPECT_EQ(m.ask(FLUSH, 0, 0, false), S_OK);
  EXPECT_EQ(m.disk.flushes, 1);
}

TEST(VirtioBlkCore, GetIdIsPaddedWithZeros) {
  Machine m;
  m.driver.start();
  std::memset(&m.memory[Driver::buffer], 0xaa, 32);
  EXPECT_EQ(m.ask(GET_ID, 0, 20, true), S_OK);
  EXPECT_EQ(m.used_length(), 21U);
  std::string id("DISK-0001");
  id.resize(20, '\0');
  EXPECT_EQ(std::string(reinterpret_cast<char*>(&m.memory[Driver::buffer]), 20), id);
  EXPECT_EQ(m.memory[Driver::buffer + 20], 0xaa);
  EXPECT_EQ(m.ask(GET_ID, 0, 4, true), S_OK);
  EXPECT_THROW(Machine(false, "123456789012345678901"), ConfigError);
}

TEST(VirtioBlkCore, OtherRequestsAreUnsupported) {
  Machine m;
  m.driver.start();
  EXPECT_EQ(m.ask(DISCARD, 0, 16, false), S_UNSUPP);
  EXPECT_EQ(m.ask(0xffffffff, 0, 512, true), S_UNSUPP);
  EXPECT_EQ(m.core->counters().unsupported, 2U);
  EXPECT_TRUE(m.sink.diagnostics.empty());
}

TEST(VirtioBlkCore, AFailingStorageIsAnIoErrorAndTheHostsFault) {
  Machine m;
  m.driver.start();
  m.disk.fail = true;
  EXPECT_EQ(m.ask(IN, 0, 512, true), S_IOERR);
  EXPECT_EQ(m.ask(OUT, 0, 512, false), S_IOERR);
  EXPECT_EQ(m.ask(FLUSH, 0, 0, false), S_IOERR);
  EXPECT_EQ(m.sink.count("storage"), 3U);
  for (const Diagnostic& d : m.sink.diagnostics) EXPECT_EQ(d.kind, DiagKind::HostError);
  EXPECT_EQ(m.diag.guest_errors(), 0U);
}

TEST(VirtioBlkCore, ARequestMayBeCutIntoDescriptorsAnywhere) {
  Machine m;
  m.driver.start();
  m.driver.set_header(IN, 2);
  // The header in two parts, an empty one, and the status in the last byte of a data buffer across a page.
  m.driver.submit({{Driver::header, 5, false},
                   {Driver::header + 5, 11, false},
                   {0x5000, 0, false},
                   {0x5000, 0, true},
                   {0x5ff0, 300, true},
                   {0x7000, 213, true}});
  m.run();
  EXPECT_EQ(std::memcmp(&m.memory[0x5ff0], &m.disk.bytes[1024], 300), 0);
  EXPECT_EQ(std::memcmp(&m.memory[0x7000], &m.disk.bytes[1324], 212), 0);
  EXPECT_EQ(m.memory[0x7000 + 212], S_OK);
  EXPECT_EQ(m.used_length(), 513U);
  for (const DmaOperation& a : m.accesses) EXPECT_EQ(a.address / 4096, (a.address + a.length - 1) / 4096);

  m.driver.set_header(OUT, 9);
  std::memset(&m.memory[Driver::header + 16], 0x5c, 512);
  m.driver.submit({{Driver::header, 528, false}, {0x7000, 1, true}, {0x7001, 0, true}});
  m.run();
  EXPECT_EQ(m.disk.bytes[9 * 512], 0x5c);
  EXPECT_EQ(m.disk.bytes[10 * 512 - 1], 0x5c);
  EXPECT_TRUE(m.sink.diagnostics.empty());
}

TEST(VirtioBlkCore, AShortHeaderIsAnIoError) {
  Machine m;
  m.driver.start();
  m.driver.submit({{Driver::header, 15, false}, {Driver::status, 1, true}});
  m.memory[Driver::status] = 0xee;
  m.run();
  EXPECT_EQ(m.memory[Driver::status], S_IOERR);
  EXPECT_EQ(m.sink.count("request.header"), 1U);
}

TEST(VirtioBlkCore, AllRequestsOfANotificationAreUsedInOrderAcrossTheRingsEnd) {
  Machine m;
  m.driver.start();
  for (unsigned round = 0; round < 70000; round += 4) {
    for (unsigned i = 0; i < 4; ++i) {
      m.driver.set_header(FLUSH, 0, Driver::header + 32 * i);
      m.driver.descriptor(2 * i, {Driver::header + 32 * i, 16, false}, 1, 2 * i + 1);
      m.driver.descriptor(2 * i + 1, {Driver::status + i, 1, true}, 0, 0);
      m.driver.offer(2 * i);
    }
    m.driver.publish();
    m.driver.kick();
    m.run();
    m.accesses.clear();
    Driver::Used u{};
    for (unsigned i = 0; i < 4; ++i) {
      ASSERT_TRUE(m.driver.take(u)) << round;
      ASSERT_EQ(u.id, 2 * i);
    }
    ASSERT_FALSE(m.driver.take(u));
  }
}

TEST(VirtioBlkCore, ANotificationThatComesWhileTheRingIsReadIsNotLost) {
  Machine m;
  m.driver.start();
  m.driver.kick();
  DmaOperation a;
  DmaBuffer data{};
  ASSERT_TRUE(m.core->next(a, data));
  std::memcpy(data.data(), &m.memory[a.address], a.length);  // the index before the request
  m.driver.request(FLUSH, 0, 0, false);
  m.core->complete(a, DmaResponse::Ok, data);
  m.run();
  EXPECT_EQ(m.driver.peek(Driver::status, 1), S_OK);
}

TEST(VirtioBlkCore, TheDriverCanSuppressTheUsedBufferNotification) {
  Machine m;
  m.driver.start();
  m.driver.poke(Driver::avail, 1, 2);
  EXPECT_EQ(m.ask(IN, 0, 512, true), S_OK);
  EXPECT_EQ(m.used_length(), 513U);
  EXPECT_FALSE(m.core->irq());
}

TEST(VirtioBlkCore, NothingIsUsedBeforeDriverOkOrWithoutAReadyQueue) {
  Machine m;
  m.driver.negotiate(m.driver.offered());
  m.driver.set_queue();
  m.driver.request(IN, 0, 512, true);
  EXPECT_FALSE(m.step());
  EXPECT_EQ(m.sink.count("QueueNotify.early"), 1U);
  m.driver.start();
  m.driver.put(QUEUE_READY, 0);
  EXPECT_EQ(m.driver.get(QUEUE_READY), 0U);
  m.driver.request(IN, 0, 512, true);
  EXPECT_FALSE(m.step());
}

TEST(VirtioBlkCore, QueueAddressesStandWhileTheQueueIsReady) {
  Machine m;
  m.driver.start();
  m.driver.put(0x080, 0x9000);
  m.driver.put(0x038, 4);
  EXPECT_EQ(m.sink.count("QueueReady.set"), 2U);
  EXPECT_EQ(m.ask(IN, 0, 512, true), S_OK);
}

TEST(VirtioBlkCore, AQueueOfImpossibleValuesNeedsAReset) {
  for (const std::uint32_t size : {0U, 3U, 256U, 0xffffffffU}) {
    Machine m;
    m.driver.negotiate(m.driver.offered());
    m.driver.set_queue(size);
    EXPECT_EQ(m.driver.get(STATUS), 0xbU | NEEDS_RESET) << size;
    EXPECT_EQ(m.driver.get(QUEUE_READY), 0U);
    EXPECT_FALSE(m.core->irq()) << "the driver is told after DRIVER_OK only";
  }
  Machine m;
  m.driver.start();
  m.driver.put(QUEUE_READY, 0);
  m.driver.put(0x0a0, Driver::used + 2);
  m.driver.put(QUEUE_READY, 1);
  m.expect_broken("QueueReady.values");
}

TEST(VirtioBlkCore, ABrokenRingOrChainNeedsAReset) {
  Machine m;
  const auto broken = [&](const char* site, auto make) {
    m.sink.diagnostics.clear();
    m.driver.start();
    m.driver.set_header(IN, 0);
    make();
    m.driver.publish();
    m.driver.kick();
    m.expect_broken(site);
  };
  const Driver::Piece head{Driver::header, 16, false}, status{Driver::status, 1, true};
  broken("avail.ring", [&] { m.driver.offer(8); });
  broken("avail.idx", [&] {
    for (int i = 0; i < 9; ++i) m.driver.offer(0);
  });
  broken("desc.next", [&] {
    m.driver.descriptor(0, head, 1, 8);
    m.driver.offer(0);
  });
  broken("desc.loop", [&] {
    m.driver.descriptor(0, head, 1, 1);
    m.driver.descriptor(1, {Driver::buffer, 512, false}, 1, 0);
    m.driver.offer(0);
  });
  broken("desc.INDIRECT", [&] {
    m.driver.descriptor(0, {Driver::buffer, 32, false}, 4, 0);
    m.driver.offer(0);
  });
  broken("desc.order", [&] {
    m.driver.descriptor(0, status, 1, 1);
    m.driver.descriptor(1, head, 0, 0);
    m.driver.offer(0);
  });
  broken("desc.length", [&] {
    m.driver.descriptor(0, head, 1, 1);
    m.driver.descriptor(1, {0, 0xffffffff, true}, 0, 0);
    m.driver.offer(0);
  });
  broken("desc.wrap", [&] {
    m.driver.descriptor(0, {~0ULL - 7, 16, false}, 1, 1);
    m.driver.descriptor(1, status, 0, 0);
    m.driver.offer(0);
  });
  broken("request.status", [&] {
    m.driver.descriptor(0, head, 1, 1);
    m.driver.descriptor(1, {Driver::status, 0, true}, 0, 0);
    m.driver.offer(0);
  });
}

TEST(VirtioBlkCore, ABusErrorAtARingOrTheStatusNeedsAResetAndAtABufferFailsTheRequest) {
  for (const std::uint32_t type : {IN, OUT}) {
    Machine good;
    good.driver.start();
    EXPECT_EQ(good.ask(type, 0, 512, type == IN), S_OK);
    // Index, head, three descriptors, header, data, status, used element, used index, flags, index.
    ASSERT_EQ(good.accesses.size(), 12U);
    for (std::size_t k = 0; k < good.accesses.size(); ++k) {
      Machine m;
      m.driver.start();
      const auto before = m.disk.bytes;
      m.driver.request(type, 0, 512, type == IN);
      for (std::size_t i = 0; i < k; ++i) m.step();
      m.refused = good.accesses[k].address;
      m.run();
      const bool buffer = k == 5 || k == 6;
      EXPECT_EQ(m.driver.get(STATUS), buffer ? 0xfU : 0xfU | NEEDS_RESET) << k;
      EXPECT_EQ(m.driver.get(INTERRUPT_STATUS) & 2, buffer ? 0U : 2U) << k;
      EXPECT_EQ(m.sink.count(buffer ? "buffer" : "bus_error"), 1U) << k;
      ASSERT_EQ(m.sink.diagnostics.size(), 1U) << k;
      EXPECT_EQ(*m.sink.diagnostics[0].address, m.refused);
      EXPECT_EQ(*m.sink.diagnostics[0].stream_id, 0x31U);
      Driver::Used u{};
      EXPECT_EQ(m.driver.take(u), buffer || k > 9)
          << k << ": once the used index is written, the request is given back";
      if (!buffer) continue;
      EXPECT_EQ(m.driver.peek(Driver::status, 1), S_IOERR) << k;
      EXPECT_EQ(u.length, type == IN ? 0U : 1U) << "the status is all that was written";
      EXPECT_EQ(m.driver.get(INTERRUPT_STATUS), 1U);
      EXPECT_EQ(m.core->counters().failed, 1U);
      EXPECT_EQ(m.core->counters().needs_reset, 0U);
      EXPECT_EQ(m.disk.bytes, before);
      m.refused = ~0ULL;
      EXPECT_EQ(m.ask(type, 0, 512, type == IN), S_OK) << "the queue goes on";
    }
  }
}

TEST(VirtioBlkCore, ABusErrorInALaterPageOfTheDataFailsTheRequestAndCountsWhatWasWritten) {
  for (const bool read : {false, true}) {
    Machine m;
    m.driver.start();
    m.refused = Driver::buffer + 4096;
    EXPECT_EQ(m.ask(read ? IN : OUT, 0, 8192, read), S_IOERR);
    EXPECT_EQ(m.used_length(), read ? 4096U : 1U);
    EXPECT_EQ(*m.sink.diagnostics[0].address, Driver::buffer + 4096);
    EXPECT_EQ(m.driver.get(STATUS), 0xfU);
  }
}

TEST(VirtioBlkCore, AStatusThatCannotBeWrittenAfterAFailedBufferNeedsAReset) {
  Machine m;
  m.driver.start();
  m.driver.set_header(IN, 0);
  // Data and status lie where there is no memory.
  m.driver.submit({{Driver::header, 16, false}, {0x20000, 512, true}, {0x20200, 1, true}});
  m.expect_broken("bus_error");
  EXPECT_EQ(m.sink.count("buffer"), 1U);
}

TEST(VirtioBlkCore, AnAccessThatAResetOvertakesIsIgnored) {
  Machine m;
  m.driver.start();
  m.driver.request(IN, 0, 512, true);
  DmaOperation a;
  DmaBuffer data{};
  ASSERT_TRUE(m.core->next(a, data));
  m.driver.put(STATUS, 0);
  EXPECT_EQ(m.driver.get(STATUS), 0xfU) << "the reset is not complete while the access is out";
  EXPECT_EQ(m.core->peek(STATUS, 4), 0xfU);
  EXPECT_EQ(m.driver.get(QUEUE_READY), 1U);
  m.driver.put(STATUS, 0);
  EXPECT_EQ(m.driver.get(STATUS), 0xfU);
  data[0] = 1;
  m.core->complete(a, DmaResponse::Ok, data);
  EXPECT_EQ(m.driver.get(STATUS), 0U);
  EXPECT_EQ(m.driver.get(QUEUE_READY), 0U);
  EXPECT_FALSE(m.step());
  m.core->complete(a, DmaResponse::Generic, data);
  EXPECT_EQ(m.driver.get(STATUS), 0U);
}

TEST(VirtioBlkCore, QueueReadyReadsZeroOnceNoAccessIsOut) {
  Machine m;
  m.driver.start();
  m.driver.put(QUEUE_READY, 0);
  EXPECT_EQ(m.driver.get(QUEUE_READY), 0U) << "nothing is out";
  m.driver.set_queue();
  m.driver.request(IN, 0, 512, true);
  DmaOperation a;
  DmaBuffer data{};
  ASSERT_TRUE(m.core->next(a, data));
  m.driver.put(QUEUE_READY, 0);
  EXPECT_EQ(m.driver.get(QUEUE_READY), 1U);
  m.driver.put(0x030, 1);
  EXPECT_EQ(m.driver.get(QUEUE_READY), 0U) << "another queue";
  m.driver.put(0x030, 0);
  m.core->complete(a, DmaResponse::Ok, data);
  EXPECT_EQ(m.driver.get(QUEUE_READY), 0U);
  EXPECT_EQ(m.driver.get(STATUS), 0xfU);
  EXPECT_FALSE(m.step());
}

TEST(VirtioBlkCore, ADriverThatDoesNotWaitForTheResetBringsTheDeviceUpAllTheSame) {
  Machine m;
  m.driver.start();
  m.driver.request(IN, 0, 512, true);
  DmaOperation a;
  DmaBuffer data{};
  ASSERT_TRUE(m.core->next(a, data));
  m.driver.start();
  EXPECT_EQ(m.driver.get(STATUS), 0xfU);
  m.core->complete(a, DmaResponse::Ok, data);
  EXPECT_EQ(m.driver.get(STATUS), 0xfU);
  EXPECT_EQ(m.driver.get(QUEUE_READY), 1U);
  EXPECT_EQ(m.ask(IN, 0, 512, true), S_OK);
}

TEST(VirtioBlkCore, AResetThatWaitsForItsAccessWaitsInARestoredStateToo) {
  Machine m;
  m.driver.start();
  m.driver.request(IN, 0, 512, true);
  DmaOperation a;
  DmaBuffer data{};
  ASSERT_TRUE(m.core->next(a, data));
  m.driver.put(STATUS, 0);
  Machine other;
  ASSERT_EQ(test::load(*other.core, test::save(*m.core)), "");
  EXPECT_EQ(other.driver.get(STATUS), 0xfU);
  EXPECT_EQ(other.driver.get(QUEUE_READY), 1U);
  other.core->complete(a, DmaResponse::Ok, data);
  EXPECT_EQ(other.driver.get(STATUS), 0U);
  EXPECT_EQ(other.driver.get(QUEUE_READY), 0U);
  EXPECT_FALSE(other.step());
}

TEST(VirtioBlkCore, StateComesBackAtEveryAccessOfARequest) {
  for (unsigned stop = 0;; ++stop) {
    Machine m;
    m.driver.start();
    m.driver.set_header(IN, 1);
    m.driver.submit({{Driver::header, 8, false},
                     {Driver::header + 8, 8, false},
                     {0x5800, 4096, true},
                     {0x8000, 512, true},
                     {Driver::status, 1, true}});
    bool more = true;
    for (unsigned i = 0; i < stop && more; ++i) more = m.step();
    if (!more) {
      EXPECT_GT(stop, 12U);
      break;
    }
    const auto saved = test::save(*m.core);
    Machine other;
    other.memory = m.memory;
    ASSERT_EQ(test::load(*other.core, saved), "") << stop;
    EXPECT_EQ(test::save(*other.core), saved);
    other.run();
    // The other machine's driver has its own memory, which vector assignment has left in place.
    EXPECT_EQ(std::memcmp(&other.memory[0x5800], &m.disk.bytes[512], 4096), 0) << stop;
    EXPECT_EQ(std::memcmp(&other.memory[0x8000], &m.disk.bytes[512 + 4096], 512), 0) << stop;
    EXPECT_EQ(other.memory[Driver::status], S_OK);
    EXPECT_TRUE(other.core->irq());
  }
}

TEST(VirtioBlkCore, AnArchiveOfAnotherDiskOrWithImpossibleStateIsRefused) {
  Machine m;
  const auto saved = test::save(*m.core);
  Machine other;
  other.disk.bytes.resize(512);
  other.core = std::make_unique<VirtioBlkCore>(VirtioBlkConfig{}, other.disk, other.diag);
  EXPECT_NE(test::load(*other.core, saved), "");
  EXPECT_EQ(other.core->read(0x100, 8), 1U);

  m.driver.start();
  m.driver.request(IN, 0, 4096, true);
  for (int i = 0; i < 6; ++i) m.step();
  auto bytes = test::save(*m.core);
  test::Random random(7);
  for (int i = 0; i < 3000; ++i) {
    auto wrong = bytes;
    wrong[random.below(wrong.size())] ^= static_cast<std::uint8_t>(1 + random.below(255));
    Machine victim;
    victim.memory = m.memory;
    test::load(*victim.core, wrong);
    for (int n = 0; n < 2000 && victim.step(); ++n) {
    }
  }
}

}  // namespace
}  // namespace smmuvp
