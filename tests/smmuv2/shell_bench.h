// One elaborated system around an SMMUv2: master, memory and interrupt lines, as tests of its module use it.
#pragma once

#include <gtest/gtest.h>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <array>
#include <functional>
#include <utility>
#include <vector>

#include "module_driver.h"
#include "smmuvp/smmuv2/smmuv2.h"
#include "smmuvp/tlm/access_extension.h"
#include "smmuvp/tlm/process.h"

namespace smmuvp::shell {

using sc_core::sc_time;
using namespace smmuv2::offsets;

class BenchHost : public Host {
 public:
  DiagSink& diag() override { return sink; }
  TraceSink* trace() override { return nullptr; }
  void guest_exit(const GuestExit&) override {}
  void limitation(const std::string&, const std::string&) override {}
  void internal_error(const std::string&, const std::string& text) override { ADD_FAILURE() << text; }
  smmu::TestDiag sink;
};

struct Seen {
  std::uint64_t address;
  bool write;
  AccessExtension extension;
};

/// Two Security states and four context banks of stage 1 tables by AArch64.
struct Bench : sc_core::sc_module, smmuv2::ModuleDriver {
  static constexpr unsigned banks = 4;
  static constexpr std::uint32_t page = 0x1000;
  static constexpr std::uint32_t half = 0x8000;  // NUMPAGENDXB 2

  explicit Bench(const sc_core::sc_module_name& name)
      : sc_module(name),
        ModuleDriver(page, 2 * half, [this](auto& p, auto& delay) { cpu->b_transport(p, delay); }),
        smmu("smmu0", parameters(), host) {
    master.bind(smmu.tbu_in[0]);
    cpu.bind(smmu.registers);
    smmu.tbu_out[0].bind(memory_port);
    smmu.walk.bind(walk_port);
    fixed.bind(smmu.tbu_in[1]);
    smmu.tbu_out[1].bind(dmi_port);
    dmi_port.register_b_transport(this, &Bench::on_data);
    dmi_port.register_get_direct_mem_ptr(this, &Bench::on_dmi);
    fixed.register_invalidate_direct_mem_ptr(this, &Bench::on_invalidate);
    memory_port.register_b_transport(this, &Bench::on_data);
    memory_port.register_transport_dbg(this, &Bench::on_debug);
    walk_port.register_b_transport(this, &Bench::on_walk);
    walk_port.register_transport_dbg(this, &Bench::on_debug);
    smmu.gfsr_irq.bind(gfsr);
    smmu.cfg_irq.bind(cfg);
    smmu.sgfsr_irq.bind(sgfsr);
    smmu.scfg_irq.bind(scfg);
    for (unsigned i = 0; i < 3; ++i) smmu.context_irq[i].bind(context[i]);  // the last is tied off
    smmu.pm_irq[0].bind(pm);
    smmu.reset.bind(reset);
    SMMUVP_HAS_PROCESS(Bench);
    SC_THREAD(run);
  }
  static Params parameters() {
    Params p = SmmuV2<>::default_params();
    p.set("SES", true);
    p.set("NUMCB", banks);
    p.set("NUMSMRG", 16);
    p.set("NUMPAGENDXB", 2);
    p.set("NUMIRPT", 1);
    p.set("counter_groups", 1);
    p.set("CGNC", 2);
    p.set("tbus", 2);
    p.set("tbu0_stream_id", 7);
    p.set("tbu1_stream_id", 5);
    p.set("tbu1_fixed", true);
    return p;
  }
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

  void transfer(tlm::tlm_generic_payload& p) {
    for (unsigned i = 0; i < p.get_data_length(); ++i) {
      std::uint8_t& byte = memory.at(p.get_address() + i);
      if (p.is_read()) {
        p.get_data_ptr()[i] = byte;
      } else {
        byte = p.get_data_ptr()[i];
      }
    }
    p.set_response_status(tlm::TLM_OK_RESPONSE);
  }
  void on_data(tlm::tlm_generic_payload& p, sc_time& delay) {
    seen.push_back({p.get_address(), p.is_write(), *p.get_extension<AccessExtension>()});
    if (hold != nullptr) wait(*hold);
    transfer(p);
    p.set_dmi_allowed(true);
    delay += sc_time(5, sc_core::SC_NS);
  }
  void on_walk(tlm::tlm_generic_payload& p, sc_time& delay) {
    ++walk_reads;
    transfer(p);
    delay += walk_time;
  }
  bool on_dmi(tlm::tlm_generic_payload& p, tlm::tlm_dmi& dmi) {
    dmi.set_dmi_ptr(direct.data());
    dmi.set_start_address(p.get_address() & ~0xfffULL);
    dmi.set_end_address(p.get_address() | 0xfff);
    dmi.allow_read_write();
    return true;
  }
  void on_invalidate(sc_dt::uint64 start, sc_dt::uint64 end) { withdrawn.emplace_back(start, end); }
  unsigned on_debug(tlm::tlm_generic_payload& p) {
    transfer(p);
    return p.get_data_length();
  }

  // ---- transactions

  tlm::tlm_response_status transport(std::uint64_t address, void* data, unsigned length, bool write,
                                     AccessExtension* e = nullptr, sc_time* delay = nullptr) {
    return transport(master, address, data, length, write, e, delay);
  }
  template <class Socket>
  tlm::tlm_response_status transport(Socket& socket, std::uint64_t address, void* data, unsigned length,
                                     bool write, AccessExtension* e = nullptr, sc_time* delay = nullptr) {
    tlm::tlm_generic_payload p;
    p.set_command(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
    p.set_address(address);
    p.set_data_ptr(static_cast<unsigned char*>(data));
    p.set_data_length(length);
    p.set_streaming_width(length);
    p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    if (e != nullptr) p.set_extension(e);
    sc_time d;
    socket->b_transport(p, delay != nullptr ? *delay : d);
    dmi_allowed = p.is_dmi_allowed();
    if (e != nullptr) p.clear_extension(e);
    return p.get_response_status();
  }
  tlm::tlm_response_status read(std::uint64_t address, AccessExtension* e = nullptr) {
    std::uint32_t v = 0;
    return transport(address, &v, 4, false, e);
  }
  static AccessExtension of_stream(std::uint32_t id) {
    AccessExtension e;
    e.stream_id = id;
    e.stream_valid = true;
    return e;
  }

  /// A stream with empty AArch64 tables of stage 1, by a bank and a group of the same number.
  pgtable::Builder& stream(std::uint32_t id, unsigned bank, std::uint32_t SCTLR_bits = 0) {
    pgtable::Builder& b = builder(config64());
    bank64(bank, b.config(), 1, 0, SCTLR_bits);
    map_stream(bank, id, S2CR_translate | bank);
    return b;
  }

  BenchHost host;
  SmmuV2<> smmu;
  tlm_utils::simple_initiator_socket<Bench, 64> master;
  tlm_utils::simple_initiator_socket<Bench, 64> cpu;
  tlm_utils::simple_initiator_socket<Bench, 64> fixed;  // of StreamID 5 alone
  tlm_utils::simple_target_socket<Bench, 64> memory_port;
  tlm_utils::simple_target_socket<Bench, 64> dmi_port;
  tlm_utils::simple_target_socket<Bench, 64> walk_port;
  sc_core::sc_signal<bool> gfsr, cfg, sgfsr, scfg, pm, reset;
  sc_core::sc_signal<bool> context[3];
  sc_core::sc_event go;
  std::function<void()> job;
  std::vector<Seen> seen;
  std::array<unsigned char, 4096> direct{};
  std::vector<std::pair<std::uint64_t, std::uint64_t>> withdrawn;  // direct memory pointers
  sc_core::sc_event* hold = nullptr;
  bool dmi_allowed = false;  // of the last transport()
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
      b.memory = {};
      b.start();
    });
    b.seen.clear();
    b.withdrawn.clear();
    b.hold = nullptr;
    b.walk_reads = 0;
    b.host.sink.all.clear();
  }
  static sc_time ns(double n) { return {n, sc_core::SC_NS}; }
};

}  // namespace smmuvp::shell
