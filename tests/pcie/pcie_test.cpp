// The host as a component: accesses, requests, interrupts, time, saved state.
#include "smmuvp/pcie/pcie.h"

#include <gtest/gtest.h>

#include <cstring>
#include <sstream>

#include "smmuvp/memory/memory.h"
#include "smmuvp/router/router.h"
#include "smmuvp/test/bench.h"
#include "smmuvp/tlm/access_extension.h"
#include "smmuvp/tlm/device_tree.h"
#include "software.h"

namespace smmuvp {
namespace {

constexpr std::uint32_t CTRL = 0x008, STATUS = 0x00c, RING_BASE = 0x010, RING_SIZE = 0x018, PROD = 0x01c,
                        CONS = 0x020, IRQ_STATUS = 0x024, IRQ_ENABLE = 0x028;
constexpr std::uint64_t WRITE = 2, COPY = 3, IRQ = 1 << 8;
constexpr std::uint64_t ram = 0x40000000;
constexpr std::uint64_t ring = ram + 0x1000;
constexpr std::uint64_t doorbell = ram + 0x900000;

/// Stands for the SMMU: keeps who makes each access, and may let time pass.
struct Wire : sc_core::sc_module {
  struct Seen {
    std::uint32_t stream;
    std::uint64_t address;
    unsigned length;
    bool write;
  };
  explicit Wire(const sc_core::sc_module_name& n) : sc_core::sc_module(n), in("in"), out("out") {
    in.register_b_transport(this, &Wire::b_transport);
  }
  void b_transport(tlm::tlm_generic_payload& p, sc_core::sc_time& delay) {
    const auto* e = p.get_extension<AccessExtension>();
    ASSERT_NE(e, nullptr);
    EXPECT_TRUE(e->stream_valid);
    seen.push_back({e->stream_id, p.get_address(), p.get_data_length(), p.is_write()});
    if (stall != sc_core::SC_ZERO_TIME) wait(stall);
    if (fails && p.get_address() >= ram + 0x800000) {
      p.set_response_status(tlm::TLM_GENERIC_ERROR_RESPONSE);
      return;
    }
    out->b_transport(p, delay);
  }
  tlm_utils::simple_target_socket<Wire, platform_buswidth> in;
  tlm_utils::simple_initiator_socket<Wire, platform_buswidth> out;
  std::vector<Seen> seen;
  sc_core::sc_time stall = sc_core::SC_ZERO_TIME;
  bool fails = false;
};

struct Bench {
  Bench() {
    config.socket.bind(pci.ecam);
    cpu.socket.bind(router.add_initiator("cpu"));
    pci.dma.bind(wire.in);
    smmu.socket.bind(pci.ats);
    wire.out.bind(router.add_initiator("wire"));
    router.add_target("ram", ram, 16 << 20).bind(memory.socket);
    router.add_target("mmio", 0x10000000, 32 << 20).bind(pci.mmio);
    pci.inta(inta);
    pci.intb(intb);
    pci.intc(intc);
    pci.intd(intd);
    pci.reset(reset);
    test::advance();
  }
  static Params params() {
    Params p(pcie_type().params);
    p.set("topology", "dma, port[dma+dma], port[bridge[dma, dma]], port[switch[dma, dma]]");
    p.set("stream_base", 0x1000);
    p.set("stream_count", 0x800);
    p.set("bytes_per_us", 1000);  // a byte a nanosecond
    return p;
  }
  test::Software software() {
    return {[this](std::uint32_t offset, unsigned bytes) {
              return static_cast<std::uint32_t>(config.get(offset, bytes));
            },
            [this](std::uint32_t offset, unsigned bytes, std::uint32_t value) {
              config.put(offset, value, bytes);
            }};
  }
  void put(unsigned slot, std::uint64_t flags, std::uint64_t src, std::uint64_t dst, std::uint64_t length) {
    std::uint8_t* d = memory.data() + (ring - ram) + 64 * slot;
    std::memset(d, 0, 64);
    std::memcpy(d, &flags, 4);
    std::memcpy(d + 0x10, &src, 8);
    std::memcpy(d + 0x18, &dst, 8);
    std::memcpy(d + 0x20, &length, 8);
  }
  std::uint32_t word(std::uint64_t address) {
    std::uint32_t v = 0;
    std::memcpy(&v, memory.data() + (address - ram), 4);
    return v;
  }
  std::uint32_t status(unsigned slot) { return word(ring + 64 * slot + 0x28); }
  std::uint32_t response(unsigned slot) { return word(ring + 64 * slot + 0x2c); }
  /// Ring of 8 descriptors, enabled.
  void start(const test::Found& f) {
    cpu.put(f.registers + RING_BASE, ring, 8);
    cpu.put(f.registers + RING_SIZE, 8);
    cpu.put(f.registers + IRQ_ENABLE, 7);
    cpu.put(f.registers + CTRL, 1);
  }
  void messages(const test::Found& f) {
    config.put(f.config + test::MSI_ADDRESS, doorbell);
    config.put(f.config + test::MSI_DATA, 0x77, 2);
    config.put(f.config + test::MSI_CONTROL, 1, 2);
  }

  test::CapturingHost host;
  Pcie pci{"pci", params(), host};
  Memory memory{"memory", Params(memory_type().params), host};
  Router router{"router", Params(router_type().params), host};
  Wire wire{"wire"};
  test::Master config{"config"};
  test::Master cpu{"cpu"};
  test::Master smmu{"smmu"};  // has nothing to say
  sc_core::sc_signal<bool> inta, intb, intc, intd, reset;
};

/// Reset, and set up by software.
struct Ready {
  Ready() : b(bench()), software(b.software()) {
    b.wire.stall = sc_core::SC_ZERO_TIME;
    b.wire.fails = false;
    b.reset.write(true);
    test::advance(100'000'000);
    b.reset.write(false);
    test::advance();
    software.enumerate();
    software.set_acs(0x1f);
    std::memset(b.memory.data(), 0, 16 << 20);
    b.wire.seen.clear();
    b.host.diagnostics.clear();
  }
  static Bench& bench() {
    static Bench b;
    return b;
  }
  const test::Found& at(unsigned bus, unsigned device, unsigned number = 0) {
    return software.function(bus, device, number);
  }
  Bench& b;
  test::Software software;
};

TEST(Pcie, EveryEndpointCopiesAsItsOwnStreamAndSendsItsMessage) {
  struct Case {
    unsigned bus, device, number;
    std::uint32_t stream;
  };
  for (const Case& c :
       {Case{0, 1, 0, 0x1008}, Case{1, 0, 0, 0x1100}, Case{1, 0, 1, 0x1101}, Case{3, 0, 0, 0x1300},
        Case{3, 1, 0, 0x1300}, Case{6, 0, 0, 0x1600}, Case{7, 0, 0, 0x1700}}) {
    Ready r;
    const test::Found& f = r.at(c.bus, c.device, c.number);
    r.b.start(f);
    r.b.messages(f);
    std::memset(r.b.memory.data() + 0x10000, 0x5a, 8192);
    r.b.put(0, COPY | IRQ, ram + 0x10000, ram + 0x20000, 8192);
    r.b.cpu.put(f.registers + PROD, 1);
    test::advance(100'000'000);
    EXPECT_EQ(r.b.status(0), 1U);
    EXPECT_EQ(std::memcmp(r.b.memory.data() + 0x10000, r.b.memory.data() + 0x20000, 8192), 0);
    EXPECT_EQ(r.b.word(doorbell), 0x77U);
    EXPECT_FALSE(r.b.inta.read() || r.b.intb.read() || r.b.intc.read() || r.b.intd.read());
    // Descriptor, two pages read and written, status in two parts, and the message behind all of it.
    ASSERT_EQ(r.b.wire.seen.size(), 8U);
    for (const Wire::Seen& s : r.b.wire.seen) EXPECT_EQ(s.stream, c.stream);
    EXPECT_EQ(r.b.wire.seen.back().address, doorbell);
    EXPECT_EQ(r.b.wire.seen.back().length, 4U);
    EXPECT_TRUE(r.b.host.diagnostics.empty());
  }
}

TEST(Pcie, WithoutMessagesTheLineOfTheTurnedPinRises) {
  Ready r;
  const test::Found& f = r.at(3, 1);
  r.b.start(f);
  r.b.put(0, IRQ, 0, 0, 0);
  r.b.cpu.put(f.registers + PROD, 1);
  test::advance(1'000'000);
  EXPECT_TRUE(r.b.intb.read());
  EXPECT_FALSE(r.b.inta.read());
  r.b.cpu.put(f.registers + IRQ_STATUS, 1);
  test::advance();
  EXPECT_FALSE(r.b.intb.read());
}

TEST(Pcie, EndpointsWorkAtTheSameTime) {
  Ready r;
  r.b.put(0, WRITE, 0, ram + 0x20000, 4096);
  for (const test::Found* f : {&r.at(0, 1), &r.at(1, 0)}) {
    r.b.start(*f);
    r.b.cpu.put(f->registers + PROD, 1);
  }
  // Descriptor, data, write-back of 20 and 4 bytes at a byte a nanosecond.
  test::advance((64 + 4096 + 20 + 4) * 1000 + 10'000);
  EXPECT_EQ(r.b.cpu.get(r.at(0, 1).registers + CONS), 1U);
  EXPECT_EQ(r.b.cpu.get(r.at(1, 0).registers + CONS), 1U);
}

TEST(Pcie, WithAcsAPeerIsReachedThroughTheHostAndWithoutItIsNot) {
  for (const bool acs : {true, false}) {
    Ready r;
    r.software.set_acs(acs ? 0x1f : 0);
    const test::Found& from = r.at(6, 0);
    const test::Found& to = r.at(7, 0);
    r.b.start(from);
    r.b.put(0, WRITE, 0, to.memory + 0x40, 256);
    r.b.cpu.put(from.registers + PROD, 1);
    test::advance(100'000'000);
    EXPECT_EQ(r.b.status(0), 1U);
    EXPECT_EQ(r.b.cpu.get(to.memory + 0x48, 8), 0x9e3779b97f4a7c15U);
    unsigned seen = 0;
    for (const Wire::Seen& s : r.b.wire.seen) seen += s.address == to.memory + 0x40 ? 1 : 0;
    EXPECT_EQ(seen, acs ? 1U : 0U);
  }
}

TEST(Pcie, AFunctionMayWriteThePeersRegistersAndWakeIt) {
  Ready r;
  r.software.set_acs(0);
  const test::Found& from = r.at(6, 0);
  const test::Found& to = r.at(7, 0);
  r.b.start(from);
  r.b.start(to);
  // The pattern's first four bytes with seed 0 are 0; with a seed they are not: any PROD beyond the ring ends
  // in RING_ERROR.
  r.b.put(0, WRITE, 0, to.registers + PROD, 4);
  r.b.memory.data()[ring - ram + 0x0c] = 1;
  r.b.cpu.put(from.registers + PROD, 1);
  test::advance(100'000'000);
  EXPECT_EQ(r.b.cpu.get(to.registers + PROD), 0x7f4a7c15U);
  EXPECT_EQ(r.b.cpu.get(to.registers + STATUS), 2U);
}

TEST(Pcie, ARequestWithoutBusMasterIsAnAddressErrorAndTold) {
  Ready r;
  const test::Found& f = r.at(1, 0);
  r.b.start(f);
  r.b.config.put(f.config + test::COMMAND, test::MEMORY, 2);
  r.b.cpu.put(f.registers + PROD, 1);
  test::advance(1'000'000);
  EXPECT_EQ(r.b.cpu.get(f.registers + STATUS), 2U);
  EXPECT_EQ(r.b.host.count("request"), 1U);
  EXPECT_TRUE(r.b.wire.seen.empty());
  EXPECT_EQ(r.b.config.get(f.config + test::STATUS, 2) & 0x3000, 0x2000U);
}

TEST(Pcie, AnErrorOfTheHostIsATargetAbort) {
  Ready r;
  const test::Found& f = r.at(1, 0);
  r.b.wire.fails = true;
  r.b.start(f);
  r.b.put(0, WRITE, 0, ram + 0x800000, 4);
  r.b.cpu.put(f.registers + PROD, 1);
  test::advance(1'000'000);
  EXPECT_EQ(r.b.status(0), 3U);
  EXPECT_EQ(r.b.response(0), 5U);
  EXPECT_EQ(r.b.config.get(f.config + test::STATUS, 2) & 0x3000, 0x1000U);
  EXPECT_EQ(r.b.host.count("request"), 0U);
}

TEST(Pcie, AccessesOfAnyShapeAreAnswered) {
  Ready r;
  const std::uint64_t memory = r.at(0, 1).memory;
  std::uint8_t data[64];
  for (unsigned i = 0; i < 64; ++i) data[i] = static_cast<std::uint8_t>(i);
  EXPECT_EQ(r.b.cpu.write(memory + 3, data, 61), tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(r.b.cpu.get(memory + 8, 8), 0x0c0b0a0908070605U);
  // Enabled lanes of a wider beat.
  tlm::tlm_generic_payload p;
  std::uint8_t enables[8] = {0, 0, 0, 0, 0xff, 0xff, 0, 0};
  test::Master::fill(p, tlm::TLM_WRITE_COMMAND, memory + 8, data, 8);
  p.set_byte_enable_ptr(enables);
  p.set_byte_enable_length(8);
  EXPECT_EQ(r.b.cpu.send(p), tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(r.b.cpu.get(memory + 8, 8), 0x0c0b050408070605U);
  enables[0] = 0xff;
  EXPECT_EQ(r.b.cpu.send(p), tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
  // Configuration space has registers.
  EXPECT_EQ(r.b.config.read(0x8000, data, 8), tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(r.b.config.read(0x8000, data, 16), tlm::TLM_BURST_ERROR_RESPONSE);
  EXPECT_EQ(r.b.config.read(0x8002, data, 4), tlm::TLM_BURST_ERROR_RESPONSE);
  EXPECT_EQ(r.b.config.read(8 << 20, data, 4), tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_EQ(r.b.cpu.read(0x11fffffc, data, 4), tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(r.b.host.count("memory"), 1U);
}

TEST(Pcie, ADebuggerReadsAndChangesNothing) {
  Ready r;
  const test::Found& f = r.at(0, 1);
  std::uint8_t data[8] = {};
  tlm::tlm_generic_payload p;
  test::Master::fill(p, tlm::TLM_READ_COMMAND, f.config, data, 8);
  EXPECT_EQ(r.b.config.socket->transport_dbg(p), 8U);
  EXPECT_EQ(std::memcmp(data, "\xf4\x1a\xf0\x10\x06\x00\x10\x00", 8), 0);
  test::Master::fill(p, tlm::TLM_READ_COMMAND, f.registers, data, 4);
  EXPECT_EQ(r.b.cpu.socket->transport_dbg(p), 4U);
  EXPECT_EQ(std::memcmp(data, "TDMA", 4), 0);
  test::Master::fill(p, tlm::TLM_READ_COMMAND, f.memory + 0xfffe, data, 8);
  EXPECT_EQ(r.b.cpu.socket->transport_dbg(p), 2U);
  EXPECT_TRUE(r.b.host.diagnostics.empty());
}

TEST(Pcie, SavedWorkGoesOn) {
  for (unsigned part = 1; part < 40; ++part) {
    Ready r;
    const test::Found& f = r.at(3, 0);
    r.b.start(f);
    r.b.messages(f);
    r.b.put(0, WRITE | IRQ, 0, ram + 0x20000, 3000);
    r.b.cpu.put(f.registers + PROD, 1);
    test::advance(part * 80'000);
    std::stringstream saved;
    ASSERT_FALSE(r.b.pci.save(saved));
    test::advance(10'000'000);
    ASSERT_EQ(r.b.word(doorbell), 0x77U);
    std::memset(r.b.memory.data() + (doorbell - ram), 0, 4);
    std::memset(r.b.memory.data() + (ring - ram) + 0x28, 0, 24);
    ASSERT_FALSE(r.b.pci.load(saved));
    test::advance(10'000'000);
    if (part * 80 < 3000) {
      EXPECT_EQ(r.b.status(0), 1U) << part;
      EXPECT_EQ(r.b.word(doorbell), 0x77U) << part;
    }
    EXPECT_EQ(r.b.cpu.get(f.registers + CONS), 1U) << part;
  }
}

TEST(Pcie, AResetWhileRequestsAreUnderWayEndsThem) {
  Ready r;
  const test::Found& f = r.at(1, 0);
  r.b.wire.stall = sc_core::sc_time(50, sc_core::SC_US);
  r.b.start(f);
  r.b.cpu.put(f.registers + PROD, 1);
  test::advance(1'000'000);
  ASSERT_EQ(r.b.wire.seen.size(), 1U);
  r.b.reset.write(true);
  test::advance(200'000'000);
  r.b.reset.write(false);
  EXPECT_EQ(r.b.wire.seen.size(), 1U);
  EXPECT_EQ(r.b.config.get(0x8000 + test::COMMAND, 2), 0U);
}

TEST(Pcie, ItCountsWhatItDoes) {
  Ready r;
  const test::Statistics before(r.b.pci);
  const test::Found& f = r.at(1, 0);
  r.b.start(f);
  r.b.messages(f);
  r.b.put(0, WRITE | IRQ, 0, ram + 0x20000, 4096);
  r.b.cpu.put(f.registers + PROD, 1);
  test::advance(100'000'000);
  r.b.config.get(0x8000);
  r.b.config.get(0xf0000);
  const test::Statistics after(r.b.pci);
  const auto more = [&](const char* name) { return after[name] - before[name]; };
  EXPECT_EQ(more("config_reads"), 2U);
  EXPECT_EQ(more("config_writes"), 3U);
  EXPECT_EQ(more("config_unsupported"), 1U);
  EXPECT_EQ(more("memory_accesses"), 5U);
  EXPECT_EQ(more("to_host"), 5U);
  EXPECT_EQ(more("to_peers"), 0U);
  EXPECT_EQ(more("messages"), 1U);
  EXPECT_EQ(more("descriptors"), 1U);
  EXPECT_EQ(more("written_bytes"), 4096U);
}

TEST(Pcie, ItsNodeIsThatOfAGenericHost) {
  DtNode node("device");
  Ready::bench().pci.describe(node);
  EXPECT_EQ(node.name(), "pcie");
  std::vector<std::string> names;
  for (const auto& p : node.properties()) names.push_back(p.name);
  EXPECT_EQ(names, (std::vector<std::string>{"compatible", "device_type", "#address-cells", "#size-cells",
                                             "bus-range", "dma-coherent"}));
}

}  // namespace
}  // namespace smmuvp
