// SPDX-License-Identifier: MIT
//
// A second model of Arm's SMMUv3, slow and without caches, used only as a test oracle.
//
// It renders IHI 0070 clause by clause and shares nothing with the model that it checks: no code, no types,
// no headers. Every access fetches its STE, CD and tables anew; there is no time, and nothing happens by
// itself. Walks are those of tests/pgtable/naive.
//
// Sources of facts: IHI 0070; the clause stands beside each function. The layouts of commands and events that
// stand in figures were compared with those of public drivers. What stands in neither is marked `unverified`.
//
// Not modelled (the Features that would claim them are refused): ATS, PRI, the Secure, Realm and Root
// interfaces, ECMDQ, VATOS, BTM, VMW, MPAM, DPT, D128, permission indirection and overlays, THE, AIE, HAFT,
// PMCG, preset tables, SFM, and attributes of the SMMU's own accesses other than MSIs.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "attributes.h"
#include "cd.h"
#include "choices.h"
#include "events.h"
#include "id_registers.h"
#include "ste.h"

namespace naive_smmuv3 {

/// Physical memory. Bytes stand in memory order.
class Memory {
 public:
  using Word = naive::Memory::Bytes;
  virtual ~Memory() = default;
  /// nullopt is an external abort.
  virtual std::optional<std::vector<uint8_t>> read(uint64_t address, size_t bytes) = 0;
  /// false is an external abort.
  virtual bool write(uint64_t address, const std::vector<uint8_t>& data) = 0;
  /// An MSI, with the memory type as a MAIR encoding; its hints are IMPLEMENTATION DEFINED (6.3.23).
  virtual bool write_msi(uint64_t address, const std::vector<uint8_t>& data, uint8_t /*attributes*/,
                         Shareability /*shareability*/) {
    return write(address, data);
  }
  /// Of eight bytes, for hardware updates of descriptors.
  virtual naive::Swap compare_and_swap(uint64_t address, const Word& expected, const Word& desired) = 0;
};

enum class AccessType { read, write, atomic };

struct AccessRequest {
  uint64_t address = 0;
  uint32_t StreamID = 0;
  bool SSV = false;
  uint32_t SubstreamID = 0;
  AccessType type = AccessType::read;
  bool instruction = false;  ///< INST; a read that is an instruction fetch. Ignored for writes and atomics
  bool privileged = false;
  uint8_t attributes = 0xFF;  ///< MAIR encoding of the memory type and allocation hints
  Shareability shareability = Shareability::non_shareable;
  /// Of a transaction that the bus lets a client express, and this SMMU does not support: F_UUT.Reason.
  std::optional<uint16_t> unsupported;
};

/// How a walk translated: what a cache would name its entries by (3.17), and what they are made of.
struct Lookup {
  Ste ste;
  StreamWorld world = StreamWorld::el1;
  bool stage1 = false;
  Cd cd;  ///< with stage1
  naive::Answer answer;
};

struct Forwarded {
  uint64_t address = 0;
  bool NS = true;
  uint8_t attributes = 0;  ///< MAIR encoding, allocation and transient hints included
  Shareability shareability = Shareability::non_shareable;
  bool privileged = false;
  bool instruction = false;
  /// A reserved or IMPLEMENTATION DEFINED encoding was met: do not compare attributes and shareability.
  bool attributes_unpredictable = false;
  std::shared_ptr<const Lookup> lookup;  ///< empty: no stage translated
};

struct Outcome {
  enum class Kind {
    aborted,
    razwi,      ///< completed: reads return zero, writes are ignored
    forwarded,  ///< goes on into the system
    stalled
  };
  Kind kind = Kind::aborted;
  Forwarded forwarded;
  uint64_t id = 0;               ///< of a stalled access; take_finished() names it
  std::optional<uint16_t> STAG;  ///< of a stalled access that has recorded its event
};

/// Pulses of the wired interrupts, and of the event to the PEs.
struct Wires {
  unsigned event = 0;
  unsigned gerror = 0;
  unsigned cmd_sync = 0;
  unsigned sev = 0;
};

class Smmu {
 public:
  /// Names the STAG of a stall record that is about to be written: the id of the access, and the tags in use.
  /// Without one it is the lowest free value.
  using StagAllocator = std::function<uint16_t(uint64_t id, const std::set<uint16_t>& in_use)>;

  /// Throws std::invalid_argument for Features that this model cannot be. The memory is not owned.
  Smmu(const Features& features, Memory& memory, const Choices& choices = {});
  Smmu(const Smmu&) = delete;
  Smmu& operator=(const Smmu&) = delete;

  void set_stag_allocator(StagAllocator allocator) { m_stag_allocator = std::move(allocator); }

  /// Registers of Page 0, and of Page 1 at 0x10000. Other offsets, and other sizes than an aligned 4 or 8,
  /// are RAZ/WI.
  uint64_t read(uint64_t offset, unsigned bytes) const;
  void write(uint64_t offset, unsigned bytes, uint64_t value);

  /// Consumes commands until the queue is empty, disabled or in error.
  void run_commands();

  Outcome access(const AccessRequest& request);
  /// Stalled accesses that have come to an end since the last call, in that order.
  std::vector<std::pair<uint64_t, Outcome>> take_finished();
  /// Accesses that are stalled now, recorded or not, oldest first.
  [[nodiscard]] std::vector<Outcome> stalled() const;

  [[nodiscard]] const Wires& wires() const { return m_wires; }
  [[nodiscard]] const Features& features() const { return m_features; }

 private:
  /// Why a transaction cannot go on.
  struct Problem {
    std::optional<Event> event;  ///< empty: silent
    bool stall = false;          ///< S
    bool record = true;          ///< R; counts where the transaction is not stalled
    bool abort = true;           ///< A
  };

  /// One transaction under way: what came, and what the STE has made of it.
  struct Transaction {
    AccessRequest request;
    Attributes attributes;  ///< after the overrides
    bool side_effects = true;
    [[nodiscard]] bool reads_only() const { return request.type == AccessType::read; }
  };

  /// The result of a configuration lookup (3.3.3).
  struct Configuration {
    Ste ste;
    StreamWorld world = StreamWorld::el1;
    bool stage1 = false;  ///< translates for this transaction: S1DSS has had its say
    Cd cd;
  };

  struct Attempt {
    std::optional<Problem> problem;
    Forwarded forwarded;
  };

  struct Stalled {
    uint64_t id = 0;
    AccessRequest request;
    Event event;
    std::optional<uint16_t> STAG;           ///< recorded
    std::optional<uint64_t> suppressed_by;  ///< the id of the one that this duplicates
    bool lost = false;                      ///< the write of its record was aborted
    bool stale = false;                     ///< an invalidation was completed since the fault
  };

  // lookup.cpp: configuration
  std::optional<Problem> find_ste(const Transaction& transaction, Ste& ste);
  std::optional<Problem> locate_ste(const Transaction& transaction, uint64_t& address);
  std::optional<Problem> choose_cd(const Transaction& transaction, Configuration& configuration,
                                   uint32_t& index);
  std::optional<Problem> find_cd(const Transaction& transaction, Configuration& configuration,
                                 uint32_t index);
  std::optional<Problem> read_stream_table(const Transaction& transaction, uint64_t address, size_t size,
                                           std::vector<uint8_t>& bytes);
  std::optional<Problem> read_cd_table(const Transaction& transaction, const Configuration& configuration,
                                       uint64_t address, Choices::Beyond when_beyond, size_t size,
                                       std::vector<uint8_t>& bytes);
  std::optional<Problem> translate_cd_address(const Transaction& transaction,
                                              const Configuration& configuration, uint64_t ipa, uint64_t& pa);

  // access.cpp: translation
  Attempt attempt(const AccessRequest& request);
  Attempt bypass_disabled(const Transaction& transaction);
  Attempt translate(Transaction& transaction);
  Attempt bypass(const Transaction& transaction, const Configuration& configuration);
  Attempt walk(const Transaction& transaction, const Configuration& configuration);
  [[nodiscard]] naive::Request walk_request(const Transaction& transaction) const;
  void output_attributes(Attributes attributes, Forwarded& forwarded) const;
  [[nodiscard]] Attributes walked_attributes(const Transaction& transaction, bool stage1,
                                             const naive::Configuration& walk,
                                             const naive::Translation& translation,
                                             bool& unpredictable) const;
  [[nodiscard]] Event event_of(const Transaction& transaction, EventNumber number) const;
  [[nodiscard]] Problem problem_of(const Transaction& transaction, EventNumber number) const;
  [[nodiscard]] uint64_t event_ipa(uint64_t ipa) const;
  [[nodiscard]] Problem stage2_problem(const Ste& ste, const Event& event) const;
  Problem walk_problem(const Transaction& transaction, const Configuration& configuration,
                       const naive::Configuration& walk, const naive::Answer& answer);

  // stalls.cpp
  Outcome conclude(uint64_t id, const AccessRequest& request, const Attempt& attempt);
  Outcome stall(uint64_t id, const AccessRequest& request, const Event& event);
  [[nodiscard]] std::set<uint16_t> tags_in_use() const;
  [[nodiscard]] bool room_to_stall() const;
  void record_stall(Stalled& stalled);
  [[nodiscard]] std::optional<uint64_t> duplicate_of(const Stalled& stalled) const;
  void serve_waiting(std::vector<Stalled> retried = {});
  void retry(const Stalled& stalled);
  void resume(uint32_t StreamID, uint16_t STAG, bool retry_it, bool abort);
  void terminate_stalls(std::optional<uint32_t> StreamID);
  void finish(const Outcome& outcome);

  // queues.cpp: Event queue, errors and interrupts
  enum class Recorded { written, lost, not_writable };
  struct Queue {
    unsigned log2_size = 0;
    uint64_t base = 0;
    [[nodiscard]] uint32_t index(uint32_t pointer) const { return pointer & ((1u << log2_size) - 1); }
    [[nodiscard]] uint32_t pointer(uint32_t value) const { return value & ((2u << log2_size) - 1); }
  };
  [[nodiscard]] Queue command_queue() const;
  [[nodiscard]] Queue event_queue() const;
  [[nodiscard]] bool event_queue_full() const;
  [[nodiscard]] bool event_queue_writable() const;
  Recorded record(const Event& event);
  void record_or_discard(const Event& event);
  void activate_error(unsigned n);
  [[nodiscard]] bool error_active(unsigned n) const;
  void event_interrupt();
  void send_msi(uint64_t address, uint32_t data, unsigned MemAttr, unsigned SH, unsigned error);

  // commands.cpp
  [[nodiscard]] bool command_illegal(uint64_t low, uint64_t high) const;
  void execute(uint64_t low, uint64_t high);
  void signal(uint64_t low, uint64_t high);
  void stop_commands(unsigned CERROR);

  // registers.cpp
  [[nodiscard]] uint32_t read32(uint64_t offset) const;
  void write32(uint64_t offset, uint32_t value);
  void write_cr0(uint32_t value);
  void write_cr1(uint32_t value);
  void write_gbpa(uint32_t value);
  void write_gatos_ctrl(uint32_t value);
  [[nodiscard]] std::optional<uint64_t> register_at(uint64_t offset) const;
  [[nodiscard]] uint64_t address_field(uint64_t value, unsigned lsb) const;
  [[nodiscard]] uint64_t base_register(uint64_t value, unsigned lsb, uint64_t low_fields) const;
  [[nodiscard]] uint32_t gbpa_attributes(uint32_t value) const;
  [[nodiscard]] uint64_t gatos_sid(uint64_t value) const;
  [[nodiscard]] bool SMMUEN() const { return (m_CR0 & 1) != 0; }
  [[nodiscard]] bool EVENTQEN() const { return (m_CR0 & 4) != 0; }
  [[nodiscard]] bool CMDQEN() const { return (m_CR0 & 8) != 0; }

  // atos.cpp
  uint64_t atos_lookup();
  uint64_t atos_answer();
  uint64_t atos_translate(const Transaction& transaction, const Configuration& configuration, unsigned TYPE);

  Features m_features;
  Memory& m_memory;
  Choices m_choices;
  StagAllocator m_stag_allocator;
  Wires m_wires;

  // Registers, as they read
  uint32_t m_CR0 = 0, m_CR1 = 0, m_CR2 = 0, m_GBPA = 0, m_IRQ_CTRL = 0, m_GERROR = 0, m_GERRORN = 0;
  uint64_t m_GERROR_IRQ_CFG0 = 0, m_EVENTQ_IRQ_CFG0 = 0;
  uint32_t m_GERROR_IRQ_CFG1 = 0, m_GERROR_IRQ_CFG2 = 0, m_EVENTQ_IRQ_CFG1 = 0, m_EVENTQ_IRQ_CFG2 = 0;
  uint64_t m_STRTAB_BASE = 0, m_CMDQ_BASE = 0, m_EVENTQ_BASE = 0;
  uint32_t m_STRTAB_BASE_CFG = 0, m_CMDQ_PROD = 0, m_CMDQ_CONS = 0, m_EVENTQ_PROD = 0, m_EVENTQ_CONS = 0;
  uint32_t m_GATOS_CTRL = 0;
  uint64_t m_GATOS_SID = 0, m_GATOS_ADDR = 0, m_GATOS_PAR = 0;

  uint64_t m_next_id = 0;
  std::deque<Stalled> m_stalled;  // oldest first
  std::vector<std::pair<uint64_t, Outcome>> m_finished;
  bool m_invalidated = false;  // an invalidation was consumed since the last CMD_SYNC
};

}  // namespace naive_smmuv3
