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
// Not modelled (the Features that would claim them are refused): PASIDTT, the Realm and Root interfaces,
// BTM, DPT, D128, permission indirection and overlays, THE, AIE, HAFT, PMCG, preset tables, SFM,
// and attributes of the SMMU's own accesses other than MSIs. VMW is a register alone: there is no cache to
// match.
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

#include "ats.h"
#include "attributes.h"
#include "cd.h"
#include "choices.h"
#include "events.h"
#include "id_registers.h"
#include "interface.h"
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
  /// A walk that this transaction has made before is made again: what it reads, a cache would have.
  virtual void reads_again() {}
  /// Of the access that follows, where there is MPAM (17.4).
  virtual void labels_next(const MpamLabel& /*label*/) {}
  /// Of eight bytes, for hardware updates of descriptors.
  virtual naive::Swap compare_and_swap(uint64_t address, const Word& expected, const Word& desired) = 0;

  // The same in a physical address space, which is what the SMMU calls. A memory that does not tell them
  // apart has nothing to add.
  virtual std::optional<std::vector<uint8_t>> read_from(Space /*space*/, uint64_t address, size_t bytes) {
    return read(address, bytes);
  }
  virtual bool write_to(Space /*space*/, uint64_t address, const std::vector<uint8_t>& data) {
    return write(address, data);
  }
  virtual bool write_msi_to(Space /*space*/, uint64_t address, const std::vector<uint8_t>& data,
                            uint8_t attributes, Shareability shareability) {
    return write_msi(address, data, attributes, shareability);
  }
  virtual naive::Swap compare_and_swap_in(Space /*space*/, uint64_t address, const Word& expected,
                                          const Word& desired) {
    return compare_and_swap(address, expected, desired);
  }
};

enum class AccessType { read, write, atomic };

struct AccessRequest {
  uint64_t address = 0;
  uint32_t StreamID = 0;
  Space SEC_SID = Space::non_secure;  ///< Security state of the stream (3.10.1)
  bool SSV = false;
  uint32_t SubstreamID = 0;
  AccessType type = AccessType::read;
  bool NS = true;            ///< counts in Secure streams only
  bool instruction = false;  ///< INST; a read that is an instruction fetch. Ignored for writes and atomics
  bool privileged = false;
  uint8_t attributes = 0xFF;  ///< MAIR encoding of the memory type and allocation hints
  Shareability shareability = Shareability::non_shareable;
  /// Of a transaction that the bus lets a client express, and this SMMU does not support: F_UUT.Reason.
  std::optional<uint16_t> unsupported;
  bool translated = false;  ///< ATS Translated. Substream, privilege and INST do not count then (no PASIDTT)
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
  MpamLabel mpam;
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

  /// Receives ATS Invalidate Requests, and says how they end. Without one they complete.
  using AtcHandler = std::function<AtcAnswer(const AtcInvalidation&)>;
  void set_atc_handler(AtcHandler handler) { m_atc_handler = std::move(handler); }

  /// Registers of Page 0, and of Page 1 at 0x10000. Other offsets, and other sizes than an aligned 4 or 8,
  /// are RAZ/WI. `space` is that of the access.
  uint64_t read(uint64_t offset, unsigned bytes, Space space = Space::non_secure) const;
  void write(uint64_t offset, unsigned bytes, uint64_t value, Space space = Space::non_secure);

  /// Consumes commands until each queue is empty, disabled or in error.
  void run_commands();

  Outcome access(const AccessRequest& request);
  /// Stalled accesses that have come to an end since the last call, in that order.
  std::vector<std::pair<uint64_t, Outcome>> take_finished();
  /// Throws std::invalid_argument without ATS.
  TranslationCompletion request_translation(TranslationRequest request);
  /// Throws std::invalid_argument without PRI.
  void page_request(PageRequest request);
  /// PRG Response Messages since the last call, of commands and automatic, in order.
  std::vector<PrgResponse> take_prg_responses();
  /// Accesses that are stalled now, recorded or not, oldest first.
  [[nodiscard]] std::vector<Outcome> stalled() const;

  [[nodiscard]] const Wires& wires(Space space = Space::non_secure) const { return interface(space).wires; }
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
    [[nodiscard]] Space stream() const { return request.SEC_SID; }
    [[nodiscard]] bool reads_only() const { return request.type == AccessType::read; }
  };

  /// The result of a configuration lookup (3.3.3).
  struct Configuration {
    Ste ste;
    StreamWorld world = StreamWorld::el1;
    bool stage1 = false;  ///< translates for this transaction: S1DSS has had its say
    Cd cd;
    std::optional<std::array<uint16_t, 32>> PARTID_MAP;  ///< of the VMS, where it was fetched
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

  [[nodiscard]] const Interface& interface(Space space) const {
    return space == Space::secure ? m_secure : m_non_secure;
  }
  [[nodiscard]] Interface& interface(Space space) { return space == Space::secure ? m_secure : m_non_secure; }

  // lookup.cpp: configuration
  [[nodiscard]] Features seen_by(Space space) const;
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
                                              const Configuration& configuration, uint64_t ipa, uint64_t& pa,
                                              Space& space);

  // mpam.cpp
  [[nodiscard]] uint32_t read_mpam(const Interface& regs, uint64_t offset) const;
  void write_mpam(Interface& regs, uint64_t offset, uint32_t value) const;
  [[nodiscard]] MpamLabel mpam_label(Space stream, bool MPAM_NS, unsigned PARTID, unsigned PMG) const;
  [[nodiscard]] MpamLabel bypass_label(const Interface& regs) const;
  [[nodiscard]] MpamLabel own_label(const Interface& regs) const;
  [[nodiscard]] MpamLabel structure_label(const Ste& ste) const;
  [[nodiscard]] WalkLabels walk_labels(const Transaction& transaction,
                                       const Configuration& configuration) const;
  [[nodiscard]] MpamLabel stream_label(const Transaction& transaction,
                                       const Configuration& configuration) const;
  std::optional<Problem> fetch_vms(const Transaction& transaction, Configuration& configuration, bool whole);
  std::optional<Problem> vms_after_ste(const Transaction& transaction, Configuration& configuration);
  std::optional<Problem> vms_after_cd(const Transaction& transaction, Configuration& configuration);

  // access.cpp: translation
  Attempt attempt(const AccessRequest& request);
  Attempt bypass_disabled(const Transaction& transaction);
  Attempt translate(Transaction& transaction);
  Attempt bypass(const Transaction& transaction, const Configuration& configuration);
  Attempt walk(const Transaction& transaction, const Configuration& configuration);
  [[nodiscard]] bool SIF_forbids(const Transaction& transaction, const Attributes& attributes) const;
  [[nodiscard]] Problem SIF_problem(const Transaction& transaction) const;
  void configure_stage1(const Transaction& transaction, const Configuration& configuration,
                        naive::Configuration& walk) const;
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

  // ats.cpp
  [[nodiscard]] unsigned stu_bits() const;
  [[nodiscard]] TranslationCompletion no_access(const TranslationRequest& request) const;
  void record_for_ats(const Problem& problem);
  TranslationCompletion failed(const TranslationRequest& request, const Problem& problem);
  TranslationCompletion refused(const TranslationRequest& request, const Transaction& transaction);
  TranslationCompletion identity(const TranslationRequest& request, const Transaction& transaction,
                                 const Configuration& configuration);
  TranslationCompletion answer_request(const TranslationRequest& request, const Transaction& transaction,
                                       const Configuration& configuration);
  Attempt translated(Transaction transaction);
  [[nodiscard]] Attempt pass_translated(const Transaction& transaction, const MpamLabel& mpam) const;
  [[nodiscard]] bool atc_inv_illegal(uint64_t high) const;
  [[nodiscard]] bool invalidate_atc(uint64_t low, uint64_t high);
  bool device_addressed(uint64_t low, uint32_t& StreamID, bool& SSV, uint32_t& SubstreamID) const;

  // stalls.cpp
  Outcome conclude(uint64_t id, const AccessRequest& request, const Attempt& attempt);
  Outcome stall(uint64_t id, const AccessRequest& request, const Event& event);
  [[nodiscard]] unsigned stall_model(Space space) const;
  [[nodiscard]] std::set<uint16_t> tags_in_use(Space stream) const;
  [[nodiscard]] bool room_to_stall() const;
  void record_stall(Stalled& stalled);
  [[nodiscard]] std::optional<uint64_t> duplicate_of(const Stalled& stalled) const;
  void serve_waiting(std::vector<Stalled> retried = {});
  void retry(const Stalled& stalled);
  void resume(Space stream, uint32_t StreamID, uint16_t STAG, bool retry_it, bool abort);
  void terminate_stalls(Space stream, std::optional<uint32_t> StreamID);
  void finish(const Outcome& outcome);

  // queues.cpp: Event queue, errors and interrupts
  enum class Recorded { written, lost, not_writable };
  struct Queue {
    unsigned log2_size = 0;
    uint64_t base = 0;
    [[nodiscard]] uint32_t index(uint32_t pointer) const { return pointer & ((1u << log2_size) - 1); }
    [[nodiscard]] uint32_t pointer(uint32_t value) const { return value & ((2u << log2_size) - 1); }
  };
  [[nodiscard]] Queue queue_at(uint64_t BASE, unsigned max_log2_size, unsigned log2_entry) const;
  [[nodiscard]] Queue command_queue(const Interface& regs) const;
  [[nodiscard]] Queue event_queue(const Interface& regs) const;
  [[nodiscard]] bool event_queue_full(const Interface& regs) const;
  [[nodiscard]] bool event_queue_writable(const Interface& regs) const;
  Recorded record(const Event& event);
  void record_or_discard(const Event& event);
  void activate_error(Interface& regs, unsigned n);
  [[nodiscard]] static bool error_active(const Interface& regs, unsigned n);
  void event_interrupt(Interface& regs);
  void send_msi(Interface& regs, uint64_t address, uint32_t data, unsigned MemAttr, unsigned SH,
                unsigned error);

  // pri.cpp
  [[nodiscard]] Queue pri_queue() const;
  [[nodiscard]] bool pri_queue_full() const;
  void respond(const PageRequest& request, bool with_pasid, unsigned ResponseCode);
  void respond_to_overflow(const PageRequest& request);
  void respond_to_group(uint64_t low, uint64_t high);
  void pri_interrupt();
  [[nodiscard]] uint32_t read_priq(uint64_t offset) const;
  void write_priq(uint64_t offset, uint32_t value);

  // commands.cpp
  [[nodiscard]] bool command_illegal(const Interface& regs, uint64_t low, uint64_t high) const;
  /// A Command queue as its consumer sees it.
  struct Consumer {
    Queue queue;
    const uint32_t& PROD;
    uint32_t& CONS;
    Invalidated& invalidated;
    std::function<bool()> running;              ///< enabled, and without an error
    std::function<void(unsigned CERROR)> stop;  ///< for an error
  };
  void consume(Interface& regs, const Consumer& consumer);
  void run_queues(Interface& regs);
  void execute(const Interface& regs, Invalidated& invalidated, uint64_t low, uint64_t high);
  void signal(Interface& regs, uint64_t low, uint64_t high);

  // register_map.cpp
  struct Place {
    enum class Block { interface, vatos, ecmdq };
    Space space = Space::non_secure;  ///< whose registers
    Block block = Block::interface;
    /// From SMMU_IDR0 or SMMU_S_IDR0, with the Event queue indices at 0xA8; or from SMMU_(S_)VATOS_CTRL; or
    /// from SMMU_ECMDQ_BASE
    uint64_t offset = 0;
    unsigned ecmdq = 0;  ///< which, counted through all control pages
  };
  [[nodiscard]] std::optional<Place> locate_optional(uint64_t offset, Space access) const;
  [[nodiscard]] std::optional<Place> locate(uint64_t offset, Space access) const;
  [[nodiscard]] static bool is_wide(const Place& place);
  [[nodiscard]] uint32_t read32(const Place& place) const;
  void write32(const Place& place, uint32_t value);

  // ecmdq.cpp
  [[nodiscard]] bool has_ecmdq(const Interface& regs) const;
  [[nodiscard]] const ControlPages& control_pages(const Interface& regs) const;
  [[nodiscard]] std::optional<Place> locate_ecmdq(const Interface& regs, uint64_t offset) const;
  [[nodiscard]] uint32_t read_control_page(const Interface& regs, uint64_t offset) const;
  [[nodiscard]] Queue ecmdq_queue(const Ecmdq& ecmdq) const;
  [[nodiscard]] uint32_t read_ecmdq(const Ecmdq& ecmdq, uint64_t offset) const;
  void write_ecmdq(Ecmdq& ecmdq, uint64_t offset, uint32_t value) const;
  void run_ecmdq(Interface& regs, Ecmdq& ecmdq);

  // registers.cpp
  [[nodiscard]] uint32_t read_id(uint64_t offset) const;
  [[nodiscard]] uint32_t read_secure_id(uint64_t offset) const;
  [[nodiscard]] uint32_t read_interface(const Interface& regs, uint64_t offset) const;
  void write_interface(Interface& regs, uint64_t offset, uint32_t value);
  void write_cr0(Interface& regs, uint32_t value);
  void write_cr1(Interface& regs, uint32_t value) const;
  void write_gbpa(Interface& regs, uint32_t value) const;
  [[nodiscard]] bool has_msi(const Interface& regs) const;
  [[nodiscard]] uint64_t address_field(uint64_t value, unsigned lsb) const;
  [[nodiscard]] uint64_t base_register(uint64_t value, unsigned lsb, uint64_t low_fields) const;
  [[nodiscard]] uint32_t gbpa_attributes(Space space, uint32_t value) const;

  // atos_registers.cpp
  [[nodiscard]] bool has_vatos(const Interface& regs) const;
  [[nodiscard]] uint32_t read_atos(const Interface& regs, const AtosRegisters& atos, uint64_t offset) const;
  void write_atos(Interface& regs, AtosRegisters& atos, uint64_t offset, uint32_t value);
  [[nodiscard]] uint64_t atos_sid(const Interface& regs, bool virtual_atos, uint64_t value) const;
  [[nodiscard]] uint64_t atos_addr(const Interface& regs, bool virtual_atos, uint64_t value) const;

  // atos.cpp
  /// What a group of ATOS registers asks, and who asks.
  struct AtosRequest {
    Space interface = Space::non_secure;
    uint64_t SID = 0, ADDR = 0;
    std::optional<unsigned> VMID;  ///< of VATOS_SEL, for VATOS
    [[nodiscard]] unsigned TYPE() const { return unsigned(ADDR >> 10) & 3; }
  };
  uint64_t atos_lookup(const AtosRequest& request);
  uint64_t atos_answer(const AtosRequest& request);
  [[nodiscard]] Transaction atos_transaction(const AtosRequest& request) const;
  [[nodiscard]] std::optional<uint64_t> atos_invalid(const AtosRequest& request, Space stream) const;
  uint64_t atos_translate(const AtosRequest& request, const Transaction& transaction,
                          const Configuration& configuration);

  Features m_features;
  Memory& m_memory;
  Choices m_choices;
  StagAllocator m_stag_allocator;
  AtcHandler m_atc_handler;
  Interface m_non_secure{Space::non_secure};
  Interface m_secure{Space::secure};
  // There is no Secure PRI queue
  uint64_t m_PRIQ_BASE = 0, m_PRIQ_IRQ_CFG0 = 0;
  uint32_t m_PRIQ_IRQ_CFG1 = 0, m_PRIQ_IRQ_CFG2 = 0, m_PRIQ_PROD = 0, m_PRIQ_CONS = 0;

  uint64_t m_next_id = 0;
  std::deque<Stalled> m_stalled;  // oldest first
  std::vector<std::pair<uint64_t, Outcome>> m_finished;
  std::vector<PrgResponse> m_prg_responses;
};

}  // namespace naive_smmuv3
