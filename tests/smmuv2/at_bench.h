// One elaborated system around an SMMUv2 for tests of non-blocking transactions.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "../smmu/at/system.h"
#include "module_driver.h"
#include "smmuvp/smmuv2/smmuv2.h"

namespace smmuvp::at {

using namespace smmuv2::offsets;

/// How many reads a miss of an unknown stream makes: three levels.
constexpr unsigned fetches = 3;
/// What it takes: besides a hit, the link both ways, TLB, walk cache, and the walk port and memory for each.
inline sc_time miss_time() { return hit_time() + ns(2 * 8 + 3 + 4 + fetches * (1 + 20)); }

/// A base, to be there before the rest: its memory has the tables.
struct WithDriver {
  static constexpr std::uint32_t page = 0x1000;
  static constexpr std::uint32_t window = 0x20000;  // NUMPAGENDXB 3

  explicit WithDriver(smmuv2::ModuleDriver::Send send) : regs(page, window, std::move(send)) {}
  smmuv2::ModuleDriver regs;
};

struct Bench : WithDriver, SystemOf<SmmuV2<>> {
  static constexpr unsigned banks = 16;
  /// Of a bank and a group of stream mapping registers of the same number.
  struct Stream {
    std::uint32_t id;
    std::uint32_t SCTLR_bits;
    pgtable::Builder* tables;
  };

  explicit Bench(const sc_core::sc_module_name& name)
      : WithDriver([this](auto& p, auto& delay) { cpu->b_transport(p, delay); }),
        SystemOf(name, parameters(), regs.memory) {
    smmu.gfsr_irq.bind(gfsr);
    for (unsigned i = 0; i < banks; ++i) smmu.context_irq[i].bind(context[i]);
  }
  static Params parameters() {
    Params p = SmmuV2<>::default_params();
    p.set("NUMCB", std::uint64_t{banks});
    p.set("NUMSMRG", std::uint64_t{banks});
    p.set("NUMPAGENDXB", std::uint64_t{3});
    p.set("GSE", true);
    return p;
  }
  /// The SMMU is on, and translates the streams that there are.
  void start() {
    regs.start();
    for (unsigned i = 0; i < streams.size(); ++i) program(i);
  }
  /// In the simulation: everything as at first, the SMMU on.
  void fresh() {
    pulse_reset();
    regs.memory = {};
    regs.builders.clear();
    streams.clear();
    start();
    wait(ns(100));
  }
  /// Empty tables for a stream.
  pgtable::Builder& stream(std::uint32_t id, std::uint32_t SCTLR_bits = 0) {
    pgtable::Builder& tables = regs.builder(smmuv2::Driver::config64());
    unsigned bank = bank_of(id);
    if (bank == streams.size()) streams.push_back({});
    streams[bank] = {id, SCTLR_bits, &tables};
    program(bank);
    return tables;
  }
  unsigned bank_of(std::uint32_t id) const {
    return static_cast<unsigned>(
        std::find_if(streams.begin(), streams.end(), [id](const Stream& s) { return s.id == id; }) -
        streams.begin());
  }
  /// A register of the bank of a stream.
  std::uint32_t of(std::uint32_t id, std::uint32_t offset) const { return regs.cb(bank_of(id), offset); }

  std::vector<Stream> streams;
  sc_core::sc_signal<bool> gfsr{"gfsr"};
  sc_core::sc_vector<sc_core::sc_signal<bool>> context{"context", banks};

 private:
  void program(unsigned bank) {
    const Stream& s = streams[bank];
    regs.bank64(bank, s.tables->config(), static_cast<std::uint16_t>(s.id), 0, s.SCTLR_bits);
    regs.map_stream(bank, s.id, S2CR_translate | bank);
  }
};

Bench& bench();

class At : public AtOf<Bench> {
 protected:
  At() : AtOf(bench()) {}
  /// A fault of one access leaves others alone (HUPCF).
  pgtable::Builder& map(std::uint32_t sid, std::uint64_t va, std::uint64_t pa, std::uint64_t size = 0x1000) {
    pgtable::Builder& builder = b.stream(sid, SCTLR_HUPCF);
    EXPECT_TRUE(builder.map(va, pa, size));
    return builder;
  }
  static constexpr std::uint32_t TF = 1U << 1, SS = 1U << 30;
};

}  // namespace smmuvp::at
