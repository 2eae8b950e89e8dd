// The SystemC module, on one elaborated bench.
#include "smmuvp/smmuv3/smmuv3.h"

#include <gtest/gtest.h>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "smmuvp/smmu_sc/payload.h"
#include "smmuvp/tlm/access_extension.h"
#include "smmuvp/tlm/compare_swap_extension.h"
#include "smmuvp/tlm/device_tree.h"
#include "smmuvp/tlm/process.h"
#include "stage2_world.h"

namespace smmuvp {
namespace {

using sc_core::sc_time;

class Recorder : public DiagSink {
 public:
  void report(const Diagnostic& d) override { all.push_back(d); }
  std::vector<Diagnostic> all;
};

class BenchHost : public Host {
 public:
  DiagSink& diag() override { return sink; }
  TraceSink* trace() override { return nullptr; }
  void guest_exit(const GuestExit&) override {}
  void limitation(const std::string&, const std::string&) override {}
  void internal_error(const std::string&, const std::string& text) override { ADD_FAILURE() << text; }
  Recorder sink;
};

struct Seen {
  std::uint64_t address;
  unsigned length;
  unsigned width;
  bool write;
  AccessExtension extension;
};

/// Master, memory and interrupt controller.
struct Bench : sc_core::sc_module {
  explicit Bench(const sc_core::sc_module_name& name) : sc_module(name), smmu("smmu0", parameters(), host) {
    master.bind(smmu.tbu_in[0]);
    cpu.bind(smmu.registers);
    smmu.tbu_out[0].bind(memory_port);
    smmu.walk.bind(walk_port);
    memory_port.register_b_transport(this, &Bench::on_data);
    memory_port.register_transport_dbg(this, &Bench::on_debug);
    walk_port.register_b_transport(this, &Bench::on_walk);
    walk_port.register_transport_dbg(this, &Bench::on_walk_debug);
    smmu.eventq_irq.bind(eventq);
    smmu.cmdq_sync_irq.bind(cmdq_sync);
    smmu.reset.bind(reset);
    SMMUVP_HAS_PROCESS(Bench);
    SC_METHOD(count_eventq);
    sensitive << eventq.posedge_event();
    dont_initialize();
    SC_METHOD(count_sync);
    sensitive << cmdq_sync.posedge_event();
    dont_initialize();
    SC_THREAD(run);
  }
  static Params parameters() {
    Params p = SmmuV3<>::default_params();
    p.set("tbu0_stream_id", 7);
    p.set("MSI", true);
    return p;
  }
  void count_eventq() { ++eventq_edges; }
  void count_sync() { ++sync_edges; }
  void run() {
    while (true) {
      wait(go);
      job();
      sc_core::sc_pause();
    }
  }
  /// Runs `f` in a thread, until all that follows from it is over.
  void in_simulation(std::function<void()> f) {
    job = std::move(f);
    go.notify(sc_core::SC_ZERO_TIME);
    sc_core::sc_start();
    sc_core::sc_start(sc_time(1, sc_core::SC_MS));
  }

  void transfer(tlm::tlm_generic_payload& p, bool walk) {
    for (unsigned i = 0; i < p.get_data_length(); ++i) {
      if (p.get_byte_enable_ptr() != nullptr &&
          p.get_byte_enable_ptr()[i % p.get_byte_enable_length()] == TLM_BYTE_DISABLED) {
        continue;
      }
      std::uint8_t& byte = world.memory.at(p.get_address() + i % p.get_streaming_width());
      if (p.is_read()) {
        p.get_data_ptr()[i] = byte;
      } else {
        byte = p.get_data_ptr()[i];
      }
    }
    const bool aborts = !walk && p.get_address() >= 0xbad0'0000 && p.get_address() < 0xbad1'0000;
    p.set_response_status(aborts ? tlm::TLM_GENERIC_ERROR_RESPONSE : tlm::TLM_OK_RESPONSE);
  }
  void on_data(tlm::tlm_generic_payload& p, sc_time& delay) {
    seen.push_back({p.get_address(), p.get_data_length(), p.get_streaming_width(), p.is_write(),
                    *p.get_extension<AccessExtension>()});
    if (on_extension) on_extension(*p.get_extension<AccessExtension>());
    if (hold) wait(*hold);
    transfer(p, false);
    delay += sc_time(5, sc_core::SC_NS);
  }
  void on_walk(tlm::tlm_generic_payload& p, sc_time& delay) {
    ++walk_reads;
    transfer(p, true);
    if (p.is_write()) {
      written.push_back({p.get_address(), p.get_data_length(), p.get_streaming_width(), true,
                         *p.get_extension<AccessExtension>()});
      written_at.push_back(sc_core::sc_time_stamp() + delay);
    }
    delay += walk_time;
  }
  unsigned on_debug(tlm::tlm_generic_payload& p) {
    transfer(p, false);
    return p.get_data_length();
  }
  unsigned on_walk_debug(tlm::tlm_generic_payload& p) {
    transfer(p, true);
    return p.get_data_length();
  }

  tlm::tlm_response_status transport(std::uint64_t address, void* data, unsigned length, bool write,
                                     AccessExtension* e = nullptr, sc_time* delay = nullptr) {
    tlm::tlm_generic_payload p;
    p.set_command(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
    p.set_address(address);
    p.set_data_ptr(static_cast<unsigned char*>(data));
    p.set_data_length(length);
    p.set_streaming_width(length);
    p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    if (e != nullptr) p.set_extension(e);
    sc_time d;
    master->b_transport(p, delay != nullptr ? *delay : d);
    if (e != nullptr) p.clear_extension(e);
    return p.get_response_status();
  }
  std::uint64_t reg(std::uint32_t offset, bool write = false, std::uint64_t value = 0, unsigned bytes = 4) {
    tlm::tlm_generic_payload p;
    p.set_command(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
    p.set_address(offset);
    p.set_data_ptr(reinterpret_cast<unsigned char*>(&value));
    p.set_data_length(bytes);
    p.set_streaming_width(bytes);
    sc_time d;
    cpu->b_transport(p, d);
    EXPECT_EQ(p.get_response_status(), tlm::TLM_OK_RESPONSE);
    return value;
  }
  void set(std::uint32_t offset, std::uint64_t value, unsigned bytes = 4) { reg(offset, true, value, bytes); }

  /// As World::start(), through the register socket.
  void start() {
    set(0x28, 0xd75);
    set(0x2c, smmuv3::CR2_RECINVSID);
    set(0x80, smmuv3::World::strtab, 8);
    set(0x88, 8);
    set(0x90, smmuv3::World::cmdq | 5, 8);
    set(0xa0, smmuv3::World::eventq | 3, 8);
    set(0x50, smmuv3::IRQ_CTRL_implemented);
    set(0x20, smmuv3::CR0_implemented);
  }
  void push(std::uint64_t word0, std::uint64_t word1 = 0) {
    const std::uint64_t prod = reg(0x98);
    world.memory.write(smmuv3::World::cmdq + 16 * (prod & 31), word0);
    world.memory.write(smmuv3::World::cmdq + 16 * (prod & 31) + 8, word1);
    set(0x98, (prod + 1) & 63);
  }

  BenchHost host;
  smmuv3::Stage2World world;  // its memory and builders; its own core is not used
  SmmuV3<> smmu;
  tlm_utils::simple_initiator_socket<Bench, 64> master;
  tlm_utils::simple_initiator_socket<Bench, 64> cpu;
  tlm_utils::simple_target_socket<Bench, 64> memory_port;
  tlm_utils::simple_target_socket<Bench, 64> walk_port;
  sc_core::sc_signal<bool> eventq, cmdq_sync, reset;
  sc_core::sc_event go;
  std::function<void()> job;
  std::vector<Seen> seen;
  std::vector<Seen> written;                           // by the SMMU itself
  std::vector<sc_time> written_at;                     // when it was sent
  std::function<void(AccessExtension&)> on_extension;  // of a target that writes where it should not
  sc_core::sc_event* hold = nullptr;
  int eventq_edges = 0;
  int sync_edges = 0;
  int walk_reads = 0;
  sc_time walk_time{20, sc_core::SC_NS};
};

Bench& bench() {
  static Bench b("bench");
  return b;
}

class Shell : public ::testing::Test {
 protected:
  void SetUp() override {
    Bench& b = bench();
    b.in_simulation([&] {
      b.reset.write(true);
      wait(sc_time(1, sc_core::SC_NS));
      b.reset.write(false);
      wait(sc_time(1, sc_core::SC_NS));
      b.world.memory = {};
      b.start();
    });
    b.seen.clear();
    b.written.clear();
    b.written_at.clear();
    b.on_extension = nullptr;
    b.walk_time = sc_time(20, sc_core::SC_NS);
    b.eventq_edges = b.sync_edges = b.walk_reads = 0;
    b.host.sink.all.clear();
  }
  /// Makes two events so close that the second's interrupt has to wait for the end of the first's pulse.
  /// Must run in the simulation.
  static void second_interrupt_waits() {
    Bench& b = bench();
    b.walk_time = sc_core::SC_ZERO_TIME;
    std::uint32_t v = 0;
    for (unsigned i = 1; i <= 2; ++i) {
      EXPECT_EQ(b.transport(0x10000, &v, 4, false), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    }
    for (unsigned i = 1; i <= 2; ++i) {
      while (b.reg(0x100a8) != i) wait(sc_time(100, sc_core::SC_PS));
      b.set(0x100ac, i);
    }
    wait(sc_time(200, sc_core::SC_PS));
    EXPECT_EQ(b.eventq_edges, 1);
  }
  pgtable::Builder& map(std::uint32_t sid, std::uint64_t va, std::uint64_t pa, std::uint64_t size) {
    pgtable::Builder& builder = bench().world.stream(sid);
    EXPECT_TRUE(builder.map(va, pa, size));
    return builder;
  }
};

TEST_F(Shell, ATransactionIsTranslatedByTheDefaultStreamIDOfItsTbu) {
  Bench& b = bench();
  map(7, 0x10000, 0x8000'0000, 0x1000);
  b.in_simulation([&] {
    std::uint32_t v = 0x12345678;
    EXPECT_EQ(b.transport(0x10010, &v, 4, true), tlm::TLM_OK_RESPONSE);
  });
  EXPECT_EQ(b.world.memory.read(0x8000'0010, 4), 0x12345678U);
  ASSERT_EQ(b.seen.size(), 1U);
  EXPECT_EQ(b.seen[0].extension.memory_type, 0xffU);
}

TEST_F(Shell, WhatIsDownstreamTellsNoMasterWhoItIs) {
  Bench& b = bench();
  map(7, 0x10000, 0x8000'0000, 0x1000);
  ASSERT_TRUE(b.world.stream(9, 9).map(0x10000, 0x8100'0000, 0x1000));
  b.on_extension = [](AccessExtension& e) {
    e.stream_id = 9;
    e.stream_valid = true;
    e.privileged = true;
  };
  b.in_simulation([&] {
    AccessExtension of_another;
    of_another.stream_id = 9;
    of_another.stream_valid = true;
    std::uint32_t first = 0;
    EXPECT_EQ(b.transport(0x10000, &first, 4, true, &of_another), tlm::TLM_OK_RESPONSE);
    for (std::uint32_t v = 1; v <= 4; ++v) {
      EXPECT_EQ(b.transport(0x10000 + 4 * v, &v, 4, true), tlm::TLM_OK_RESPONSE);
    }
  });
  for (std::uint32_t v = 1; v <= 4; ++v) {
    EXPECT_EQ(b.world.memory.read(0x8000'0000 + 4 * v, 4), v) << "of StreamID 7, as the port says";
  }
  for (const Seen& s : b.seen) EXPECT_FALSE(s.extension.privileged);
}

TEST_F(Shell, AttributesThatAMasterGivesGoThroughABypassAndGiveWayToAStage1) {
  Bench& b = bench();
  b.world.put_ste(9, smmuv3::ste_bypass());
  map(7, 0x10000, 0x8000'0000, 0x1000);
  b.in_simulation([&] {
    AccessExtension e;
    e.stream_valid = true;
    const auto write = [&](std::uint32_t sid, std::uint64_t address) {
      e.stream_id = sid;
      std::uint32_t v = 0;
      EXPECT_EQ(b.transport(address, &v, 4, true, &e), tlm::TLM_OK_RESPONSE);
    };
    write(9, 0x8000'0000);
    e.attributes_valid = true;
    e.request_memory_type = 0x50;  // Reserved for its inner level: Write-Through Transient
    e.request_shareability = Shareability::inner;
    write(9, 0x8000'0000);
    e.request_memory_type = 0x08;
    write(9, 0x8000'0000);
    write(7, 0x10000);
  });
  ASSERT_EQ(b.seen.size(), 4U);
  EXPECT_EQ(b.seen[0].extension.memory_type, 0xffU) << "of a master that gives none";
  EXPECT_EQ(b.seen[0].extension.shareability, Shareability::non_shareable);
  EXPECT_EQ(b.seen[1].extension.memory_type, 0x53U);
  EXPECT_EQ(b.seen[1].extension.shareability, Shareability::inner);
  EXPECT_EQ(b.seen[2].extension.memory_type, 0x08U);
  EXPECT_EQ(b.seen[2].extension.shareability, Shareability::outer);
  EXPECT_EQ(b.seen[3].extension.memory_type, 0xffU) << "that of the page";
}

TEST_F(Shell, TheExtensionCarriesTheStreamID) {
  Bench& b = bench();
  map(9, 0x20000, 0x8100'0000, 0x1000);
  b.in_simulation([&] {
    AccessExtension e;
    e.stream_id = 9;
    e.stream_valid = true;
    std::uint64_t v = 1;
    EXPECT_EQ(b.transport(0x20ff8, &v, 8, true, &e), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(e.stream_id, 9U);
  });
  EXPECT_EQ(b.world.memory.read(0x8100'0ff8, 8), 1U);
}

// ---- overrides of incoming attributes (5.2, 6.3.14, 13.1)

struct Override {
  unsigned MemAttr = 0, MTCFG = 0, ALLOCCFG = 0, SHCFG = 1, PRIVCFG = 0, INSTCFG = 0;

  std::uint32_t gbpa() const {
    return smmuv3::GBPA_Update | INSTCFG << 18 | PRIVCFG << 16 | SHCFG << 12 | ALLOCCFG << 8 | MTCFG << 4 |
           MemAttr;
  }
  smmuv3::Structure ste() const {
    smmuv3::Structure s = smmuv3::ste_bypass().set(96, 4, MemAttr).set(100, 1, MTCFG).set(101, 4, ALLOCCFG);
    return s.set(108, 2, SHCFG).set(112, 2, PRIVCFG).set(114, 2, INSTCFG);
  }
  /// What an access goes on with that comes as Write-Back, Read- and Write-Allocate, Non-shareable.
  void expect(const AccessExtension& out, bool privileged, bool instruction) const {
    SCOPED_TRACE(::testing::Message()
                 << "MemAttr " << MemAttr << " MTCFG " << MTCFG << " ALLOCCFG " << ALLOCCFG << " SHCFG "
                 << SHCFG << " PRIVCFG " << PRIVCFG << " INSTCFG " << INSTCFG);
    const unsigned levels = MTCFG != 0 ? MemAttr : 0xf;  // as MemAttr[3:0] of stage 2
    const unsigned outer = levels >> 2, inner = levels & 3;
    EXPECT_EQ(out.privileged, PRIVCFG >= 2 ? PRIVCFG == 3 : privileged);
    EXPECT_EQ(out.instruction, INSTCFG >= 2 ? INSTCFG == 3 : instruction);
    if (outer == 0 || inner == 0) {  // the latter alone is Reserved, and Device-nGnRnE
      EXPECT_EQ(out.memory_type, outer == 0 ? inner << 2 : 0U);
      EXPECT_EQ(static_cast<unsigned>(out.shareability), 2U) << "13.1.7";
      EXPECT_EQ(out.allocation_hints, 0U);
      return;
    }
    const bool given = (ALLOCCFG & 8) != 0;  // 0b1RWT
    const unsigned RW = given ? ALLOCCFG >> 1 & 3 : 3;
    const bool transient = given && (ALLOCCFG & 1) != 0 && RW != 0;
    const auto mair = [&](unsigned level) {
      if (level == 1) return 4U;                          // Non-cacheable
      if (transient) return (level == 2 ? 0U : 4U) | RW;  // Write-Through, Write-Back: 0b00RW, 0b01RW
      return (level == 2 ? 8U : 12U) | RW;
    };
    EXPECT_EQ(out.memory_type, mair(outer) << 4 | mair(inner));
    const bool cacheable = outer != 1 || inner != 1;
    EXPECT_EQ(static_cast<unsigned>(out.shareability), !cacheable ? 2U : SHCFG == 1 ? 0U : SHCFG);
    const unsigned hints = (RW >> 1 & 1) | (RW & 1) << 1 | (transient ? 4U : 0U);
    EXPECT_EQ(out.allocation_hints, outer != 1 ? hints : 0U) << "of the outer level";
  }
  /// Each value of each field of types, with each of the others; each of privilege and instruction.
  static std::vector<Override> all() {
    std::vector<Override> all;
    for (unsigned i = 0; i < 2048; ++i) {
      Override o;
      o.MemAttr = i & 15;
      o.MTCFG = i >> 4 & 1;
      o.ALLOCCFG = i >> 5 & 15;
      o.SHCFG = i >> 9 & 3;
      o.PRIVCFG = (i ^ i >> 2) & 3;
      o.INSTCFG = (i >> 2 ^ i >> 6) & 3;
      all.push_back(o);
    }
    return all;
  }
};

TEST_F(Shell, OverridesOfGbpaReachThePayload) {
  Bench& b = bench();
  b.in_simulation([&] {
    b.set(0x20, 0);
    unsigned n = 0;
    for (const Override& o : Override::all()) {
      b.set(0x44, o.gbpa());
      AccessExtension e;
      e.privileged = (n & 1) != 0;
      e.instruction = (n++ & 2) != 0;
      const AccessExtension in = e;
      std::uint32_t v = 0;
      EXPECT_EQ(b.transport(0x1000, &v, 4, false, &e), tlm::TLM_OK_RESPONSE);
      ASSERT_EQ(b.seen.size(), n);
      o.expect(b.seen.back().extension, in.privileged, in.instruction);
    }
    b.set(0x44, Override{}.gbpa());
  });
}

TEST_F(Shell, OverridesOfAnSteReachThePayload) {
  Bench& b = bench();
  b.in_simulation([&] {
    unsigned n = 0;
    for (const Override& o : Override::all()) {
      const std::uint32_t sid = n % 256;
      if (sid == 0) {  // the next 256 STEs
        b.push(0x4, 31);
        b.push(0x46);
        while (b.reg(0x98) != b.reg(0x9c)) wait(sc_time(100, sc_core::SC_NS));
      }
      b.world.put_ste(sid, o.ste());
      AccessExtension e;
      e.stream_id = sid;
      e.stream_valid = true;
      e.privileged = (n & 1) != 0;
      e.instruction = (n++ & 2) != 0;
      const AccessExtension in = e;
      std::uint32_t v = 0;
      EXPECT_EQ(b.transport(0x1000, &v, 4, false, &e), tlm::TLM_OK_RESPONSE);
      ASSERT_EQ(b.seen.size(), n);
      o.expect(b.seen.back().extension, in.privileged, in.instruction);
      e = in;
      b.seen.pop_back();
      EXPECT_EQ(b.transport(0x1000, &v, 4, true, &e), tlm::TLM_OK_RESPONSE);
      EXPECT_FALSE(b.seen.back().extension.instruction) << "writes are Data";
    }
  });
}

TEST_F(Shell, ANestedTransactionGoesThroughBothStagesOfItsTables) {
  Bench& b = bench();
  pgtable::Builder& ipas = b.world.guest();
  pgtable::Builder& vas = b.world.nested_stream(7, ipas, 3);
  ASSERT_TRUE(vas.map(0x10000, 0x7000'0000, 0x2000));
  ASSERT_TRUE(ipas.map(0x7000'0000, 0x8000'0000, 0x1000));
  std::uint32_t v = 0x12345678;
  b.in_simulation([&] {
    EXPECT_EQ(b.transport(0x10010, &v, 4, true), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(b.transport(0x11010, &v, 4, true), tlm::TLM_ADDRESS_ERROR_RESPONSE)
        << "stage 2 has no such page";
  });
  EXPECT_EQ(b.world.memory.read(0x8000'0010, 4), 0x12345678U);
  ASSERT_EQ(b.seen.size(), 1U);
  EXPECT_EQ(b.seen[0].address, 0x8000'0010U);
  EXPECT_EQ(b.eventq_edges, 1);
  smmuv3::Expected e{0x10, 7};
  e.RnW = false;
  e.InputAddr = 0x11010;
  e.IPA = 0x7000'1000;
  for (unsigned i = 0; i < 4; ++i) {
    EXPECT_EQ(b.world.memory.read(smmuv3::World::eventq + 8 * i, 8), e.record()[i]) << "word " << i;
  }
  // The hypervisor moves the page, and says so.
  ASSERT_TRUE(ipas.unmap(0x7000'0000, 0x1000));
  ASSERT_TRUE(ipas.map(0x7000'0000, 0x9000'0000, 0x1000));
  b.in_simulation([&] {
    b.push(0x2a | 3ULL << 32, 0x7000'0000);  // CMD_TLBI_S2_IPA
    b.push(0x10 | 3ULL << 32);               // CMD_TLBI_NH_ALL
    b.push(0x46);
    while (b.reg(0x9c) != b.reg(0x98)) wait(sc_time(1, sc_core::SC_US));
    EXPECT_EQ(b.transport(0x10010, &v, 4, true), tlm::TLM_OK_RESPONSE);
  });
  EXPECT_EQ(b.world.memory.read(0x9000'0010, 4), 0x12345678U);
  EXPECT_TRUE(b.host.sink.all.empty());
}

TEST_F(Shell, APageThatHitsServesTheAccessesOfItsRightsAndNoOthers) {
  Bench& b = bench();
  struct Page {
    bool writable, unprivileged, privileged_execute, unprivileged_execute;
  };
  const std::array<Page, 4> pages{{{true, true, false, false},
                                   {false, true, false, true},
                                   {true, false, false, false},
                                   {false, false, true, false}}};
  pgtable::Builder& t = b.world.stream(7);
  for (std::size_t i = 0; i < pages.size(); ++i) {
    pgtable::Mapping m;
    m.writable = pages[i].writable;
    m.unprivileged = pages[i].unprivileged;
    m.privileged_execute = pages[i].privileged_execute;
    m.unprivileged_execute = pages[i].unprivileged_execute;
    ASSERT_TRUE(t.map(0x10000 + 0x1000 * i, 0x8000'0000 + 0x1000 * i, 0x1000, m));
  }
  const auto access = [&](std::size_t page, bool write, bool privileged, bool instruction) {
    AccessExtension e;
    e.privileged = privileged;
    e.instruction = instruction;
    std::uint32_t v = 0;
    return b.transport(0x10000 + 0x1000 * page, &v, 4, write, &e) == tlm::TLM_OK_RESPONSE;
  };
  b.in_simulation([&] {
    for (std::size_t i = 0; i < pages.size(); ++i) ASSERT_TRUE(access(i, false, true, false));
    for (unsigned n = 0; n < 2 * 8 * pages.size(); ++n) {
      const std::size_t i = n / 8 % pages.size();
      const Page& page = pages[i];
      const bool write = (n & 4U) != 0;
      const bool instruction = (n & 2U) != 0;
      const bool privileged = (n & 1U) != 0;
      bool allowed = privileged || page.unprivileged;
      if (write) {
        allowed = allowed && page.writable;
      } else if (instruction) {
        allowed = privileged ? page.privileged_execute : page.unprivileged_execute;
      }
      b.seen.clear();
      ASSERT_EQ(access(i, write, privileged, instruction), allowed)
          << "page " << i << " write " << write << " instruction " << instruction << " privileged "
          << privileged;
      ASSERT_EQ(b.seen.size(), allowed ? 1U : 0U);
      if (!allowed) continue;
      ASSERT_EQ(b.seen[0].extension.privileged, privileged);
      ASSERT_EQ(b.seen[0].extension.instruction, instruction && !write) << "writes are Data";
    }
  });
}

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

TEST_F(Shell, AHitTakesItsTimeAndAMissTakesThatOfItsFetchesToo) {
  Bench& b = bench();
  map(7, 0x10000, 0x8000'0000, 0x1000);
  b.in_simulation([&] {
    std::uint32_t v = 0;
    sc_time miss;
    sc_time hit;
    EXPECT_EQ(b.transport(0x10000, &v, 4, false, nullptr, &miss), tlm::TLM_OK_RESPONSE);
    wait(sc_time(1, sc_core::SC_US));
    EXPECT_EQ(b.transport(0x10800, &v, 4, false, nullptr, &hit), tlm::TLM_OK_RESPONSE);
    // port 1 clock, micro TLB 1; memory 5 ns
    EXPECT_EQ(hit, sc_time(1 + 1 + 5, sc_core::SC_NS));
    // besides: the link 8 each way, configuration 3, TLB 3, walk cache 4, and five fetches of 1 + 20
    EXPECT_EQ(miss, sc_time(7 + 8 + 3 + 3 + 4 + 5 * 21 + 8, sc_core::SC_NS));
  });
}

TEST_F(Shell, CmdSyncSignalsByItsInterruptAndConsumes) {
  Bench& b = bench();
  b.in_simulation([&] {
    b.push(0x46 | 1 << 12);
    EXPECT_EQ(b.reg(0x9c), 0U) << "commands are never executed inside a register write";
    wait(sc_time(1, sc_core::SC_US));
    EXPECT_EQ(b.reg(0x9c), 1U);
  });
  EXPECT_EQ(b.sync_edges, 1);
}

TEST_F(Shell, EachCmdSyncSignalsWhenItCompletesAndNotAfterTheNextCommand) {
  Bench& b = bench();
  b.in_simulation([&] {
    b.push(0x46 | 1 << 12);
    b.push(0x46 | 1 << 12);
    while (b.reg(0x9c) != 1) wait(sc_time(1, sc_core::SC_NS));
    wait(sc_time(1, sc_core::SC_NS));
    EXPECT_EQ(b.sync_edges, 1);
    EXPECT_EQ(b.reg(0x9c), 1U) << "the next is still being fetched";
  });
  EXPECT_EQ(b.sync_edges, 2);
}

TEST_F(Shell, NoEdgeComesAfterIrqCtrlackSaysThatItsSourceIsDisabled) {
  Bench& b = bench();
  b.in_simulation([&] {
    second_interrupt_waits();
    b.set(0x50, smmuv3::IRQ_CTRL_GERROR_IRQEN);
    EXPECT_EQ(b.reg(0x54), smmuv3::IRQ_CTRL_GERROR_IRQEN);
    wait(sc_time(100, sc_core::SC_NS));
  });
  EXPECT_EQ(b.eventq_edges, 1);
}

TEST_F(Shell, AnInterruptThatWaitsIsSavedAndSignalledAfterLoading) {
  Bench& b = bench();
  b.in_simulation([&] {
    second_interrupt_waits();
    std::stringstream saved;
    const auto refused = b.smmu.save(saved);
    ASSERT_FALSE(refused) << to_text(*refused);
    b.reset.write(true);
    wait(sc_time(100, sc_core::SC_NS));
    b.reset.write(false);
    EXPECT_EQ(b.eventq_edges, 1) << "a reset forgets it";
    const auto error = b.smmu.load(saved);
    EXPECT_FALSE(error) << to_text(*error);
    wait(sc_time(100, sc_core::SC_NS));
  });
  EXPECT_EQ(b.eventq_edges, 2);
}

TEST_F(Shell, TheMsiOfACmdSyncIsOne32BitWriteAtTheWalkPortAfterConsAndTheNextWaitsForIt) {
  Bench& b = bench();
  const std::uint64_t msi = 1ULL << 32 | 0xfU << 24 | 3U << 22 | 1U << 12 | 0x46;
  b.in_simulation([&] {
    b.push(msi, 0x7000'0044);
    b.push(msi + (1ULL << 32), 0x7000'0044);
  });
  ASSERT_EQ(b.written.size(), 2U);
  EXPECT_EQ(b.written[0].address, 0x7000'0044U);
  EXPECT_EQ(b.written[0].length, 4U);
  EXPECT_EQ(b.written[0].extension.memory_type, 0xffU);
  EXPECT_EQ(b.written[0].extension.shareability, Shareability::inner);
  EXPECT_EQ(b.written[0].extension.address_space, AddressSpace::non_secure);
  EXPECT_GE(b.written_at[1] - b.written_at[0], b.walk_time);
  EXPECT_EQ(b.world.memory.read(0x7000'0044, 4), 2U);
  EXPECT_EQ(b.sync_edges, 2);
}

TEST_F(Shell, AnEventqMsiFollowsTheRecordAndThePulse) {
  Bench& b = bench();
  b.in_simulation([&] {
    b.set(0x50, 0);
    b.set(0xb0, 0x7000'0080, 8);
    b.set(0xb8, 0x21);
    b.set(0xbc, 1);
    b.set(0x50, smmuv3::IRQ_CTRL_implemented);
    std::uint32_t v = 0;
    b.transport(0x10000, &v, 4, false);
  });
  ASSERT_EQ(b.written.size(), 2U);
  EXPECT_EQ(b.written[0].length, 32U) << "the record";
  EXPECT_EQ(b.written[1].address, 0x7000'0080U);
  EXPECT_EQ(b.written[1].extension.memory_type, 0x04U);
  EXPECT_GE(b.written_at[1] - b.written_at[0], b.walk_time);
  EXPECT_EQ(b.world.memory.read(0x7000'0080, 4), 0x21U);
  EXPECT_EQ(b.eventq_edges, 1);
}

TEST_F(Shell, AnMsiThatIsDueWhenItsStateIsSavedIsSentAfterLoading) {
  Bench& b = bench();
  std::stringstream state;
  b.in_simulation([&] {
    b.push(5ULL << 32 | 1U << 12 | 0x46, 0x7000'0044);
    while (b.reg(0x9c) == 0) wait(sc_time(100, sc_core::SC_PS));  // the walk port takes a clock after that
    EXPECT_TRUE(b.written.empty());
    EXPECT_FALSE(b.smmu.save(state));
  });
  ASSERT_EQ(b.written.size(), 1U);
  b.in_simulation([&] { EXPECT_FALSE(b.smmu.load(state)); });
  ASSERT_EQ(b.written.size(), 2U);
  EXPECT_EQ(b.written[1].address, 0x7000'0044U);
}

TEST_F(Shell, CmdSyncWaitsForATransactionThatIsDownstream) {
  Bench& b = bench();
  map(7, 0x10000, 0x8000'0000, 0x1000);
  sc_core::sc_event release;
  b.in_simulation([&] {
    b.hold = &release;
    bool finished = false;
    sc_core::sc_spawn([&] {
      std::uint32_t v = 0;
      b.transport(0x10000, &v, 4, false);
      finished = true;
    });
    wait(sc_time(1, sc_core::SC_US));
    b.push(0x30);
    b.push(0x46);
    wait(sc_time(10, sc_core::SC_US));
    EXPECT_EQ(b.reg(0x9c), 1U);
    EXPECT_FALSE(finished);
    release.notify();
    wait(sc_time(1, sc_core::SC_US));
    EXPECT_TRUE(finished);
    EXPECT_EQ(b.reg(0x9c), 2U);
    b.hold = nullptr;
  });
}

TEST_F(Shell, AnAbortFromDownstreamReachesTheMaster) {
  Bench& b = bench();
  map(7, 0x10000, 0xbad0'0000, 0x1000);
  b.in_simulation([&] {
    std::uint32_t v = 0;
    EXPECT_EQ(b.transport(0x10000, &v, 4, false), tlm::TLM_GENERIC_ERROR_RESPONSE);
  });
}

TEST_F(Shell, RazWiTerminationReadsZeroWithoutAnError) {
  Bench& b = bench();
  pgtable::Builder& t = b.world.stream(7);
  smmuv3::Structure cd = smmuv3::cd_for(t.config(), 1);
  b.world.put(smmuv3::World::cd_address(7), cd.set(46, 1, 0));
  b.in_simulation([&] {
    std::uint32_t v = 0xffffffff;
    EXPECT_EQ(b.transport(0x10000, &v, 4, false), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(v, 0U);
    EXPECT_EQ(b.transport(0x10000, &v, 4, true), tlm::TLM_OK_RESPONSE);
  });
  EXPECT_TRUE(b.seen.empty());
}

TEST_F(Shell, AnAtsRequestIsRefusedAsUnsupported) {
  Bench& b = bench();
  b.in_simulation([&] {
    AccessExtension e;
    e.ats = AtsPhase::Translated;
    std::uint32_t v = 0;
    EXPECT_EQ(b.transport(0x10000, &v, 4, false, &e), tlm::TLM_ADDRESS_ERROR_RESPONSE);
  });
  EXPECT_EQ(b.world.memory.read(smmuv3::World::eventq, 1), 0x01U);
}

TEST_F(Shell, DmiIsNotGranted) {
  Bench& b = bench();
  tlm::tlm_generic_payload p;
  tlm::tlm_dmi dmi;
  p.set_address(0x10000);
  EXPECT_FALSE(b.master->get_direct_mem_ptr(p, dmi));
}

TEST_F(Shell, ResetDisablesTranslationAndForgetsTheQueues) {
  Bench& b = bench();
  b.in_simulation([&] {
    b.reset.write(true);
    wait(sc_time(1, sc_core::SC_NS));
    b.reset.write(false);
    EXPECT_EQ(b.reg(0x20), 0U);
    EXPECT_EQ(b.reg(0x24), 0U);
    std::uint32_t v = 3;
    EXPECT_EQ(b.transport(0x8000'0000, &v, 4, true), tlm::TLM_OK_RESPONSE) << "GBPA: bypass";
  });
  EXPECT_EQ(b.world.memory.read(0x8000'0000, 4), 3U);
}

TEST_F(Shell, ARegisterAccessBeyondTheWindowIsAnAddressError) {
  Bench& b = bench();
  tlm::tlm_generic_payload p;
  std::uint32_t v = 0;
  p.set_command(tlm::TLM_READ_COMMAND);
  p.set_address(0x1fffe);
  p.set_data_ptr(reinterpret_cast<unsigned char*>(&v));
  p.set_data_length(4);
  p.set_streaming_width(4);
  sc_time d;
  b.cpu->b_transport(p, d);
  EXPECT_EQ(p.get_response_status(), tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

TEST_F(Shell, ARegisterTakesNoCompareAndSwapAndNoPartOfAWord) {
  Bench& b = bench();
  const std::uint64_t before = b.reg(0x28);
  std::uint64_t data = 0;
  tlm::tlm_generic_payload p;
  p.set_address(0x28);
  p.set_data_ptr(reinterpret_cast<unsigned char*>(&data));
  const auto send = [&](tlm::tlm_command command, unsigned bytes) {
    sc_time d;
    p.set_command(command);
    p.set_data_length(bytes);
    p.set_streaming_width(bytes);
    p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    b.cpu->b_transport(p, d);
    return p.get_response_status();
  };
  CompareSwapExtension swap;
  p.set_extension(&swap);
  EXPECT_EQ(send(tlm::TLM_WRITE_COMMAND, 4), tlm::TLM_COMMAND_ERROR_RESPONSE);
  p.clear_extension(&swap);
  for (unsigned bytes : {1U, 2U, 3U}) {  // IHI 0070 6.2: RAZ/WI
    EXPECT_EQ(send(tlm::TLM_WRITE_COMMAND, bytes), tlm::TLM_OK_RESPONSE);
    data = 0x55;
    EXPECT_EQ(send(tlm::TLM_READ_COMMAND, bytes), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(data, 0U);
  }
  unsigned char enables[4] = {0xff, 0xff, 0, 0};
  p.set_byte_enable_ptr(enables);
  p.set_byte_enable_length(4);
  EXPECT_EQ(send(tlm::TLM_WRITE_COMMAND, 4), tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(b.reg(0x28), before);
  enables[2] = enables[3] = 0xff;
  data = 0;
  EXPECT_EQ(send(tlm::TLM_READ_COMMAND, 4), tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(data, before) << "all bytes enabled is a whole access";
  p.set_byte_enable_ptr(nullptr);
  p.set_data_ptr(nullptr);
  EXPECT_NE(send(tlm::TLM_READ_COMMAND, 4), tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(b.cpu->transport_dbg(p), 0U);
}

TEST_F(Shell, AnAligned32BitPartOfA64BitBeatIsARegisterAccess) {
  Bench& b = bench();
  const std::uint64_t CR1 = b.reg(0x28), CR2 = b.reg(0x2c);
  std::uint8_t data[8];
  unsigned char enables[8];
  tlm::tlm_generic_payload p;
  p.set_address(0x28);
  p.set_data_ptr(data);
  p.set_data_length(8);
  p.set_streaming_width(8);
  p.set_byte_enable_ptr(enables);
  p.set_byte_enable_length(8);
  for (const unsigned lane : {0U, 4U}) {
    std::fill_n(data, 8, std::uint8_t{0xee});
    std::fill_n(enables, 8, static_cast<unsigned char>(TLM_BYTE_DISABLED));
    std::fill_n(enables + lane, 4, static_cast<unsigned char>(TLM_BYTE_ENABLED));
    p.set_command(tlm::TLM_READ_COMMAND);
    sc_time d;
    b.cpu->b_transport(p, d);
    EXPECT_EQ(p.get_response_status(), tlm::TLM_OK_RESPONSE);
    std::uint32_t value = 0;
    std::memcpy(&value, data + lane, 4);
    EXPECT_EQ(value, lane == 0 ? CR1 : CR2);
    EXPECT_EQ(data[4 - lane], 0xee);
  }
  EXPECT_TRUE(b.host.sink.all.empty()) << to_text(b.host.sink.all.front());
}

TEST_F(Shell, DiagnosticsNameTheInstanceInItsHierarchy) {
  Bench& b = bench();
  b.in_simulation([&] { b.reg(0x28, false, 0, 2); });
  ASSERT_EQ(b.host.sink.all.size(), 1U);
  EXPECT_EQ(b.host.sink.all[0].source, "bench.smmu0");
}

TEST_F(Shell, AnAccessThatIsNotNonSecureIsToldOnce) {
  Bench& b = bench();
  map(9, 0x20000, 0x8100'0000, 0x1000);
  b.in_simulation([&] {
    AccessExtension e;
    e.stream_id = 9;
    e.stream_valid = true;
    std::uint64_t v = 1;
    EXPECT_EQ(b.transport(0x20000, &v, 8, true, &e), tlm::TLM_OK_RESPONSE);
    EXPECT_TRUE(b.host.sink.all.empty());
    e.address_space = AddressSpace::secure;
    for (int i = 0; i < 3; ++i) EXPECT_EQ(b.transport(0x20000, &v, 8, true, &e), tlm::TLM_OK_RESPONSE);
  });
  ASSERT_EQ(b.host.sink.all.size(), 1U);
  EXPECT_EQ(b.host.sink.all[0].kind, DiagKind::Unimplemented);
  EXPECT_EQ(b.host.sink.all[0].site, "SEC_SID");
  EXPECT_EQ(b.host.sink.all[0].stream_id, 9U);
}

TEST_F(Shell, ADescriptionForTheDeviceTreeFollowsTheBinding) {
  DtNode node("device");
  bench().smmu.describe(node);
  EXPECT_EQ(node.name(), "iommu");
  ASSERT_EQ(node.properties().size(), 4U);
  EXPECT_EQ(node.properties()[0].name, "compatible");
  EXPECT_EQ(node.properties()[1].name, "#iommu-cells");
  EXPECT_EQ(node.properties()[2].name, "dma-coherent");
  EXPECT_EQ(node.properties()[3].name, "msi-parent") << "this one has MSI";
}

TEST_F(Shell, ACorrectDriverGetsNoDiagnostics) {
  Bench& b = bench();
  map(7, 0x10000, 0x8000'0000, 0x1000);
  b.in_simulation([&] {
    std::uint32_t v = 0;
    b.transport(0x10000, &v, 4, false);
    b.transport(0x90000, &v, 4, false);
    b.push(0x03 | 7ULL << 32, 1);
    b.push(0x12, 0x10000);
    b.push(0x46 | 2 << 12);
    wait(sc_time(1, sc_core::SC_US));
  });
  EXPECT_TRUE(b.host.sink.all.empty()) << to_text(b.host.sink.all.front());
}

}  // namespace
}  // namespace smmuvp

int sc_main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  smmuvp::bench();
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  return RUN_ALL_TESTS();
}
int main(int argc, char** argv) { return sc_core::sc_elab_and_sim(argc, argv); }
