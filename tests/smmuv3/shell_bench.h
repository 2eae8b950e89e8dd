// One elaborated system around an SMMUv3: master, memory and interrupt controller, as tests of its module use
// it.
#pragma once

#include <gtest/gtest.h>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <functional>
#include <utility>
#include <vector>

#include "smmuvp/smmuv3/smmuv3.h"
#include "smmuvp/tlm/access_extension.h"
#include "smmuvp/tlm/process.h"
#include "stage2_world.h"

namespace smmuvp::shell {

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

struct Bench : sc_core::sc_module {
  explicit Bench(const sc_core::sc_module_name& name, const Params& params = parameters())
      : sc_module(name), smmu("smmu0", params, host) {
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
    smmu.clock.bind(clock);
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
    p.set("BTM", true);
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
      const AddressSpace space = p.get_extension<AccessExtension>()->output_space;
      std::uint8_t& byte =
          world.memory.at(world.memory.place(space, p.get_address() + i % p.get_streaming_width()));
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
    if (p.get_address() >> 17 == own_registers >> 17) {
      p.set_address(p.get_address() - own_registers);
      cpu->b_transport(p, delay);
      return;
    }
    if (on_own_access) on_own_access(p);
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
  /// Where the SMMU meets its own registers at its walk port, as on a bus.
  static constexpr std::uint64_t own_registers = 0x0906'0000;

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
  sc_core::sc_signal<bool> clock{"clock", true};
  sc_core::sc_event go;
  std::function<void()> job;
  std::vector<Seen> seen;
  std::vector<Seen> written;                                     // by the SMMU itself
  std::vector<sc_time> written_at;                               // when it was sent
  std::function<void(tlm::tlm_generic_payload&)> on_own_access;  // of the SMMU
  std::function<void(AccessExtension&)> on_extension;  // of a target that writes where it should not
  sc_core::sc_event* hold = nullptr;
  int eventq_edges = 0;
  int sync_edges = 0;
  int walk_reads = 0;
  sc_time walk_time{20, sc_core::SC_NS};
};

inline Bench& bench() {
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
    b.on_own_access = nullptr;
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
  static pgtable::Builder& map(std::uint32_t sid, std::uint64_t va, std::uint64_t pa, std::uint64_t size) {
    pgtable::Builder& builder = bench().world.stream(sid);
    EXPECT_TRUE(builder.map(va, pa, size));
    return builder;
  }
};

}  // namespace smmuvp::shell
