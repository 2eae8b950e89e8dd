// SPDX-License-Identifier: MIT
//
// A second model of Arm's SMMUv2, slow and without caches, used only as a test oracle.
//
// It renders IHI 0062 (issue D.c) clause by clause and shares nothing with the model that it checks: no code,
// no types, no headers. Every access looks at registers and tables anew; there is no time, TLB maintenance is
// accepted and complete at once. Walks are those of tests/pgtable/naive. SMMUv1 is the same without what
// version 2 added.
//
// Sources of facts: IHI 0062; the clause stands beside each function. What it leaves open is in choices.h.
//
// Not modelled: cycle and TLB events of performance monitors, Extended Stream Matching, compressed indexing,
// E2HC, broadcast TLB maintenance, barriers and cache maintenance by clients, external faults of client
// accesses (they go upstream, 3.10).
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "attributes.h"
#include "choices.h"
#include "naive.h"
#include "parameters.h"

namespace naive_smmuv2 {

struct Access;

/// A descriptor fetch or update: naive::Memory, its Space told by the NS attribute.
using Memory = naive::Memory;

enum class AccessType { read, write, atomic };

/// Where a transaction that the downstream bus cannot carry is found out (3.7.2).
enum class Unsupported {
  before_context,    ///< global
  in_context,        ///< in the first context bank, before tables are looked at
  after_translation  ///< in the bank of the last stage
};

struct AccessRequest {
  uint64_t address = 0;  ///< bits above the upstream bus are dropped (1.6.4)
  uint32_t StreamID = 0;
  uint32_t SSD_Index = 0;
  bool secure = false;  ///< SSD security state, where there is no SSD table to look it up
  bool NS = true;       ///< the bus marking
  AccessType type = AccessType::read;
  bool privileged = false;
  bool instruction = false;
  uint8_t attributes = 0xFF;  ///< MAIR encoding of the memory type and hints
  Shareability shareability = Shareability::non_shareable;
  std::optional<Unsupported> unsupported;
};

/// One fetch of a descriptor by a walk, with the attributes that it has on the bus (1.5.2, 16.5.38, 16.5.40).
struct Fetch {
  uint64_t address = 0;
  bool NS = true;
  unsigned stage = 1;
  int level = 0;
  uint8_t attributes = 0;
  Shareability shareability = Shareability::non_shareable;
};

struct Forwarded {
  uint64_t address = 0;
  bool NS = true;
  uint8_t attributes = 0;
  Shareability shareability = Shareability::non_shareable;
  bool privileged = false;
  bool instruction = false;
  /// A reserved or IMPLEMENTATION DEFINED encoding was met: do not compare attributes and shareability.
  bool attributes_unpredictable = false;
};

struct Outcome {
  enum class Kind {
    forwarded,  ///< goes on into the system
    aborted,
    razwi,   ///< terminated and not reported: reads return zero, writes are ignored
    stalled  ///< or waiting for another one that is: see take_finished()
  };
  Kind kind = Kind::aborted;
  Forwarded forwarded;
  uint64_t id = 0;             ///< of a transaction that is stalled or waits
  std::vector<Fetch> fetches;  ///< of this transaction, in order, as far as it came
};

/// A transaction or an address translation operation that has not come to its end.
struct Waiting {
  uint64_t id = 0;
  unsigned bank = 0;      ///< whose RESUME it waits for
  bool recorded = false;  ///< it is the one that FSR.SS stands for
  bool operation = false;
  std::vector<Fetch> fetches;  ///< the last time that it was translated
};

/// Of a register access
struct Response {
  uint64_t value = 0;
  bool error = false;  ///< terminated with an abort
};

/// Levels of the interrupt lines (3.6)
struct Interrupts {
  bool NSgIrpt = false, NSgCfgIrpt = false;
  bool gIrpt = false, gCfgIrpt = false;
  std::vector<bool> context;   ///< by bank, or by line where lines are assignable
  std::vector<bool> monitors;  ///< overflows, by counter group (6.8)
};

class Smmu {
 public:
  /// Throws std::invalid_argument for Parameters that no SMMU can have. The memory is not owned.
  Smmu(const Parameters& parameters, Memory& memory, const Choices& choices = {});
  Smmu(const Smmu&) = delete;
  Smmu& operator=(const Smmu&) = delete;

  /// 9.2, 16.2. What waits is terminated without report, and is found in take_finished().
  void reset();

  /// Offsets are from SMMU_BASE; `secure` is the security of the configuration access.
  Response read(uint64_t offset, unsigned bytes, bool secure);
  Response write(uint64_t offset, unsigned bytes, bool secure, uint64_t value);
  /// Reads, and raises no configuration access fault.
  uint64_t peek(uint64_t offset, unsigned bytes, bool secure);

  Outcome access(const AccessRequest& request);
  /// Stalled and waiting transactions that have come to an end since the last call, in that order.
  std::vector<std::pair<uint64_t, Outcome>> take_finished();
  /// Oldest first
  [[nodiscard]] std::vector<Waiting> waiting() const;

  [[nodiscard]] Interrupts interrupts() const;
  /// Whether the attributes of the last result in PAR, or GPAR, come of a reserved encoding.
  [[nodiscard]] bool PAR_attributes_unpredictable(unsigned bank) const {
    return m_banks[bank].PAR_attributes_unpredictable;
  }
  [[nodiscard]] bool GPAR_attributes_unpredictable(bool secure) const {
    return m_global[secure ? secure_state : non_secure].GPAR_attributes_unpredictable;
  }
  /// Whether the recorded global fault leaves GFSYNR1 UNKNOWN (3.8.1, 4.2.4).
  [[nodiscard]] bool GFSYNR1_unknown(bool secure) const {
    return m_global[secure ? secure_state : non_secure].GFSYNR1_unknown;
  }
  [[nodiscard]] const Parameters& parameters() const { return m_parameters; }

 private:
  static constexpr unsigned MAX = 128;
  enum Security : unsigned { non_secure = 0, secure_state = 1 };

  /// Registers that are banked by security (9.1)
  struct Global {
    uint32_t CR0 = 0, CR2 = 0, ACR = 0;
    uint64_t GFAR = 0, GPAR = 0;
    bool GPAR_attributes_unpredictable = false;
    uint32_t GFSR = 0, GFSYNR0 = 0, GFSYNR1 = 0, GFSYNR2 = 0;
    bool GFSYNR1_unknown = false;
  };

  struct Bank {
    uint32_t SCTLR = 0, ACTLR = 0, TCR2 = 0, TCR = 0, CONTEXTIDR = 0, MAIR0 = 0, MAIR1 = 0;
    uint64_t TTBR0 = 0, TTBR1 = 0, PAR = 0, FAR = 0, IPAFAR = 0;
    bool PAR_attributes_unpredictable = false;
    uint32_t FSR = 0, FSYNR0 = 0;
    bool ats_active = false;
  };

  /// Performance monitors: of each counter, and of each counter group.
  struct Counter {
    uint32_t PMEVCNTR = 0, PMEVTYPER = 0;
    bool enabled = false, interrupts = false, overflowed = false;
  };
  struct CounterGroup {
    uint32_t PMCGCR = 0, PMCGSMR = 0;
  };

  /// Where a configuration access lands in the register spaces, and what it may do there.
  struct Place {
    uint64_t offset = 0;  ///< from SMMU_BASE
    bool secure = false;
    bool write = false;
  };

  /// A global fault that a transaction or an operation has met (3.8).
  struct GlobalFault {
    unsigned bit = 0;  ///< of GFSR
    bool nested = false;
  };

  /// A context fault (3.7).
  struct ContextFault {
    unsigned bank = 0;
    unsigned bit = 0;  ///< of FSR
    unsigned PLVL = 0;
    bool stage2 = false;
    bool nested = false;
    bool S1PTWF = false;
    bool PTWF = false;
    bool WNR = false;
    std::optional<uint64_t> ipa;
  };

  /// The banks that a transaction uses.
  struct Banks {
    unsigned first = 0;
    std::optional<unsigned> second;
  };

  /// What DoTranslation() is asked.
  struct Question {
    Banks banks;
    bool secure = false;  ///< of the first bank
    uint64_t address = 0;
    AccessType type = AccessType::read;
    Attributes attributes;  ///< after S2CR
    bool DIPAN = false;     ///< PRIVCFG 01 with IDR2.DIPANS
    bool operation = false;
    bool global = false;       ///< of an operation: in the global space
    bool stage1_only = false;  ///< of an operation: the IPA is the result
    std::optional<Unsupported> unsupported;
  };

  struct Lookup {
    std::optional<ContextFault> fault;
    uint64_t address = 0;
    Attributes attributes;
    bool supersection = false;
    bool attributes_unpredictable = false;
    std::vector<Fetch> fetches;
  };

  class WalkMemory;

  /// One transaction or operation under way
  struct Pending {
    uint64_t id = 0;
    AccessRequest request;
    bool secure = false;  ///< SSD security state, kept for life (16.5.28)
    std::optional<uint32_t> S2CR;
    std::vector<Fetch> fetches;
    std::optional<Banks> banks;  ///< the valid ones that it has come to
    unsigned bank = 0;           ///< waits for a write of its RESUME
    bool recorded = false;
    std::optional<unsigned> operation_bank;  ///< an operation of this bank
    unsigned operation_offset = 0;
  };

  // registers.cpp: where an access lands, and configuration access faults
  Response configure(const Place& place, unsigned bytes, uint64_t value);
  Response refuse(const Place& place, bool secure_resource);

  // global_registers.cpp
  enum class Found { here, absent, secure_only };
  Found global0(const Place& place, unsigned bytes, uint64_t& value);
  Found global0_banked(const Place& place, unsigned bytes, uint64_t register_offset, Security which,
                       bool by_secure, uint64_t& value);
  Found global1(const Place& place, unsigned bytes, uint64_t& value);
  Found ssd(const Place& place, unsigned bytes, uint64_t& value);
  [[nodiscard]] Found not_in_SMMUv1(const Place& place, bool secure_register) const;
  [[nodiscard]] uint32_t idr(unsigned n, bool secure) const;
  [[nodiscard]] uint32_t cr0_mask(Security which) const;
  [[nodiscard]] uint32_t cr2_mask() const;
  [[nodiscard]] uint32_t scr1_mask() const;
  [[nodiscard]] uint32_t gfsr_mask(Security which) const;
  [[nodiscard]] uint32_t gfsynr0_mask(Security which) const;
  [[nodiscard]] uint32_t syndrome_mask(bool secure) const;  // CBFRSYNRA, GFSYNR1
  [[nodiscard]] uint32_t smr_mask() const;
  [[nodiscard]] uint32_t s2cr_mask() const;
  [[nodiscard]] uint32_t cbar_mask() const;
  [[nodiscard]] uint32_t cba2r_mask() const;
  [[nodiscard]] uint64_t par_mask() const;
  [[nodiscard]] uint32_t ssdr_mask(unsigned n) const;

  // bank_registers.cpp
  uint64_t bank_access(unsigned n, unsigned offset, unsigned bytes, const Place& place, uint64_t value);
  [[nodiscard]] uint32_t sctlr_mask(unsigned n) const;
  [[nodiscard]] uint32_t tcr_mask() const;
  [[nodiscard]] uint32_t tcr_ones(unsigned n) const;
  [[nodiscard]] uint32_t tcr2_mask() const;
  [[nodiscard]] uint32_t fsr_mask() const;
  [[nodiscard]] uint32_t fsynr0_mask() const;
  [[nodiscard]] uint64_t far_mask() const;
  [[nodiscard]] uint64_t ipafar_mask() const;

  // monitors.cpp
  void reset_monitors();
  Found monitor_registers(const Place& place, unsigned bytes, uint64_t& value);
  void bank_monitor_registers(unsigned bank, unsigned offset, const Access& access);
  void counter_bits(unsigned first, unsigned count, bool Counter::*member, bool set, const Access& access);
  void control_counters(unsigned group, uint64_t PMCR);
  [[nodiscard]] bool revealed(unsigned group) const;
  [[nodiscard]] bool counting(unsigned group) const;
  [[nodiscard]] bool monitor_interrupt(unsigned group) const;
  [[nodiscard]] bool considers(unsigned group, const Pending& pending) const;
  void count_access(const Pending& pending);

  // What registers mean, where it takes more than a field
  [[nodiscard]] unsigned ns_banks() const;   // SCR1.NSNUMCBO, no more than there are
  [[nodiscard]] unsigned ns_groups() const;  // SCR1.NSNUMSMRGO, no more than there are
  [[nodiscard]] bool bank_secure(unsigned n) const { return m_parameters.SES && n >= ns_banks(); }
  [[nodiscard]] unsigned bank_type(unsigned n) const { return (m_CBAR[n] >> 16) & 3; }
  [[nodiscard]] bool stage2_format(unsigned n) const { return bank_type(n) == 0; }
  [[nodiscard]] bool VA64(unsigned n) const { return (m_CBA2R[n] & 1) != 0; }
  [[nodiscard]] bool HYPC(unsigned n) const;
  [[nodiscard]] bool MONC(unsigned n) const;
  [[nodiscard]] bool EAE(unsigned n) const;         // effective (16.5.38)
  [[nodiscard]] unsigned format(unsigned n) const;  // FSR.Format
  /// As registers show it: reserved in SMMUv1 (16.5.9)
  [[nodiscard]] unsigned shown_format(unsigned n) const { return m_parameters.version == 1 ? 0 : format(n); }
  [[nodiscard]] uint32_t fsr(unsigned n) const;
  [[nodiscard]] bool STALLD(Security which) const;
  [[nodiscard]] bool GSE(Security which) const;

  // faults.cpp
  void record_global(Security where, unsigned bit, uint64_t address, uint32_t GFSYNR0, uint32_t GFSYNR1);
  Outcome global_fault(const Pending& pending, const GlobalFault& fault);
  void record_context(const Pending& pending, const Question& question, const ContextFault& fault, bool SS);
  void check_interrupt_index(const Pending& pending, const ContextFault& fault);
  [[nodiscard]] uint32_t raw_syndrome(const AccessRequest& request, bool secure) const;
  [[nodiscard]] uint32_t stream_syndrome(const AccessRequest& request) const;

  // access.cpp
  [[nodiscard]] bool ssd_secure(const AccessRequest& request) const;
  [[nodiscard]] std::vector<unsigned> match(const AccessRequest& request, bool secure) const;
  [[nodiscard]] Attributes incoming(const AccessRequest& request, bool secure) const;
  Outcome bypass(const Pending& pending, const Transformation& transformation);
  [[nodiscard]] Transformation of_CR0(Security which) const;
  [[nodiscard]] Transformation of_S2CR(uint32_t S2CR, bool secure) const;
  std::optional<GlobalFault> check_banks(Banks& banks, bool secure) const;
  std::optional<Outcome> process(Pending& pending);

  // stalls.cpp
  std::optional<Outcome> request_buffer(Pending& pending, const Question& question);
  enum class Checked { passed, aborted, waits };
  Checked check_for_faults(unsigned n) const;
  [[nodiscard]] Outcome client_abort(unsigned n) const;
  [[nodiscard]] bool terminate_mode(unsigned n) const;
  void resume(unsigned n, bool terminate);
  void wait_for(Pending& pending, unsigned n, bool recorded);
  void settle(Pending pending);
  void finish(const Pending& pending, Outcome outcome);

  // translate.cpp
  Lookup translate(const Question& question);
  std::optional<ContextFault> input_address(const Question& question, uint64_t& address) const;
  void walk(const Question& question, uint64_t address, Lookup& lookup);
  [[nodiscard]] Stage2Attributes second_attributes(const Question& question,
                                                   std::optional<uint64_t> descriptor) const;
  [[nodiscard]] bool representable(unsigned n, uint64_t address) const;

  // walks.cpp: registers for the walker
  void configure_stage1(const Question& question, uint64_t address,
                        naive::Configuration& configuration) const;
  void configure_stage2(unsigned n, naive::Configuration& configuration) const;
  [[nodiscard]] unsigned stage1_output_bits(const Banks& banks) const;
  [[nodiscard]] unsigned stage2_output_bits(unsigned n) const;
  [[nodiscard]] unsigned granule(unsigned TG0) const;
  void list_fetches(const Question& question, uint64_t address, const naive::Answer& answer,
                    Lookup& lookup) const;

  // operations.cpp
  void bank_operation(unsigned n, unsigned offset, uint64_t value);
  void set_PAR(unsigned n, uint64_t value, bool attributes_unpredictable = false) {
    m_banks[n].PAR = value;
    m_banks[n].PAR_attributes_unpredictable = attributes_unpredictable;
  }
  std::optional<Outcome> process_operation(Pending& pending);
  void global_operation(Security which, unsigned offset, uint64_t value);
  [[nodiscard]] Question operation_question(const Banks& banks, unsigned offset, uint64_t address) const;
  [[nodiscard]] uint64_t success(const Question& question, const Lookup& lookup, bool global) const;
  [[nodiscard]] uint64_t failure(const ContextFault& fault) const;
  [[nodiscard]] uint64_t invalid_context() const;
  /// A bank that may have a second one (TYPE 11), whatever that is
  [[nodiscard]] bool names_second(unsigned n) const {
    return bank_type(n) == 3 && m_parameters.NTS && !bank_secure(n) && n >= m_parameters.NUMS2CB;
  }

  Parameters m_parameters;
  Memory& m_memory;
  Choices m_choices;

  std::array<Global, 2> m_global;  // by Security
  uint32_t m_SCR1 = 0;
  std::array<uint32_t, MAX> m_SMR{}, m_S2CR{}, m_CBAR{}, m_CBA2R{}, m_CBFRSYNRA{};
  std::array<uint32_t, 2048> m_SSDR{};
  std::array<Bank, MAX> m_banks;
  std::vector<Counter> m_counters;  // by group
  std::vector<CounterGroup> m_counter_groups;
  uint32_t m_PMCR = 0;

  bool m_peeks = false;
  uint64_t m_next_id = 1;
  std::deque<Pending> m_waiting;  // oldest first
  std::vector<std::pair<uint64_t, Outcome>> m_finished;
};

}  // namespace naive_smmuv2
