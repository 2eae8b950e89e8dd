// One translation on its way: lookup, walk, fill, or a fault.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "smmuvp/pgtable/walk.h"
#include "smmuvp/smmu/access.h"
#include "smmuvp/smmu/engine.h"
#include "smmuvp/smmu/memory_op.h"
#include "smmuvp/smmu/tlb.h"

namespace smmuvp::smmu {

/// Page-Based Hardware Attributes: which of bits [62:59] of a leaf have a use beyond the SMMU, by a bit each.
struct HardwareUse {
  std::array<std::uint8_t, 2> stage1{};  ///< of each range
  std::uint8_t stage2 = 0;

  /// What goes out. No Arm architecture says how the bits of two stages combine; as in Arm's processors that
  /// of stage 2 is taken where it is enabled (Cortex-A76 TRM, 100798 A5.7).
  std::uint8_t of(const pgtable::Result& result) const;
  void visit(Archive& archive);
};

/// What configuration makes of a stream's addresses: decoded once, used by every translation of it.
struct TranslationContext {
  pgtable::WalkSetup setup;
  Tag tag;                    ///< whose entries these are; tag.stages as the setup's
  std::array<bool, 2> TBI{};  ///< stage 1: the top byte is ignored, by VA[55]
  /// Physical addresses of the system, in bits: longer ones, which VMSAv8-32 tables may give, are truncated.
  std::uint8_t address_bits = 64;
  /// Where the ranges of two tables meet inside of what one descriptor can describe (VMSAv8-32, DDI 0487
  /// G5.5): what caches keep ends there. 0: they do not.
  std::uint64_t split = 0;
  /// What combines with the attributes of accesses to tables, though no stage 2 translates them.
  std::optional<pgtable::Stage2Attributes> table_attributes;
  HardwareUse hardware_use;

  /// The address that tags TLB entries: with TBI the top byte is a copy of bit 55.
  std::uint64_t tag_address(std::uint64_t va) const {
    if (!TBI[(va >> 55) & 1]) return va;
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(va << 8) >> 8);
  }
};

struct TranslationRequest {
  std::uint64_t address = 0;
  pgtable::AccessType access = pgtable::AccessType::read;
  bool privileged = false;
  AddressSpace space = AddressSpace::non_secure;  ///< stage 2 alone: of the IPA, where there are two spaces
  bool structure = false;  ///< stage 2 alone: of the address of a structure. Asks and fills no TLB
  /// Nested: the answer is an IPA (pgtable::WalkRequest::stage1_only). Asks and fills no TLB.
  bool stage1_only = false;
  bool DIPAN = false;            ///< pgtable::WalkRequest::DIPAN
  bool inhibit_updates = false;  ///< no flag updates; fills no TLB, whose entries have their flags set
  bool debug = false;            ///< no statistics, no time, no cache changes, no flag updates
  bool foresee = false;          ///< as AccessRequest::foresee
  bool can_wait = false;         ///< for the walk of another translation: step() may answer `waits`
  TimePs time = 0;               ///< when it is asked for
  TimePs arrived = 0;            ///< when the access that it is for came to the SMMU
  std::uint32_t stream_id = 0;   ///< for whose sake, for monitors; and of which Security state that is
  bool secure_stream = false;
  MpamLabels mpam;
  /// Engine::generation() when what led to the context began to be read.
  std::uint64_t generation = 0;
  /// Where the lookup is counted; nullptr, and `structure`, which looks nothing up: nowhere.
  AccessStatistics* counters = nullptr;
};

/// Finds an address's translation, or the fault that takes its place. A TLB hit that has the rights and needs
/// no flag update answers at once; everything else is walked with the access as it is, so that the walker's
/// fault is the fault, whatever caches knew. A walk begins where the walk cache and the IPA cache let it.
///
/// Walks are merged. What hits an entry waits for the walk that the entry comes from, if that ends later.
/// What misses, and can wait, waits once for another walk of the page with equal tag, configuration and
/// generation, and looks again. It judges what it finds as any hit, and walks by itself where that does not
/// serve it, or nothing is there: no fault is shared, and nothing that an invalidation has overtaken.
///
///     Translation t(engine, context, request);
///     while (t.step() == Step::need) t.complete(memory(t.op()));
///     if (t.ok()) use(t.entry());
class Translation {
 public:
  /// Takes over from `context` what it needs: it may go away. So may `engine` not.
  Translation(Engine& engine, const TranslationContext& context, const TranslationRequest& request);
  /// One that visit() loads into. Has asked for nothing, and found nothing.
  /// @param counters  as TranslationRequest::counters
  Translation(Engine& engine, AccessStatistics* counters);
  ~Translation();
  Translation(const Translation&) = delete;
  Translation& operator=(const Translation&) = delete;

  /// Goes on until memory is needed, another's walk has to end first, or the translation is over.
  Step step();
  /// Meaningful after step() answered `need`.
  const MemoryOp& op() const { return m_op; }
  /// Answers op(). Ignored when none is waiting.
  void complete(const MemoryAnswer& answer);

  // Meaningful after step() answered `done`:
  bool ok() const { return m_fault.kind == pgtable::FaultKind::none; }
  /// The translation of the page or block around the request's address.
  const TlbEntry& entry() const { return m_entry; }
  /// Its name in the TLB.
  const CacheKey& key() const { return m_key; }
  /// log2 of its size.
  std::uint8_t shift() const { return m_key.shift; }
  /// Output address of the request's address itself.
  std::uint64_t output() const {
    return m_entry.output | (m_request.address & ((std::uint64_t{1} << m_key.shift) - 1));
  }
  const pgtable::Fault& fault() const { return m_fault; }
  bool hit() const { return m_hit; }
  /// Whose tables and IPAs a lookup of one stage is about, in walk cache and IPA cache.
  /// @param space  stage 2: of the IPA
  static Tag tag_of(const Tag& tag, pgtable::Stage stage, AddressSpace space);
  /// Whether its answer came with the end of a walk, its own or another's.
  bool took_walk() const { return m_took_walk; }
  TimePs time() const { return m_time; }

  /// Saves it wherever it is, or restores one that then goes on alike. After Engine::visit(), which begins a
  /// generation of its own: what had been overtaken stays so.
  void visit(Archive& archive);

 private:
  void look_up(const pgtable::WalkSetup& setup);
  const Tlb::Entry* find();
  void judge(const Tlb::Entry* entry);
  void look_again();
  void begin_walk();
  void walk();
  bool know(const pgtable::WalkQuestion& question);
  void keep_found();
  void trace_leaves(const pgtable::Result& result);
  void name_entry(const pgtable::Result& result);
  std::uint8_t within_range(std::uint8_t shift) const;
  void walked(const pgtable::Result& result);
  bool overtaken() const { return m_generation != m_engine.generation(); }
  void restored(Archive& archive, const OpenWalks::Saved& walk);
  MemoryOp op_of_walk() const;
  void let_go();
  void tell(MonitoredEvent event) {
    m_engine.tell(event, {0, m_request.stream_id, m_request.secure_stream, m_time});
  }

  enum class State : std::uint8_t { waiting, walking, done };

  Engine& m_engine;
  TranslationRequest m_request;
  Tag m_tag;
  std::uint64_t m_tag_address;
  std::uint8_t m_address_bits = 64;
  std::uint64_t m_split = 0;
  std::optional<pgtable::Stage2Attributes> m_table_attributes;
  HardwareUse m_hardware_use;
  std::uint64_t m_generation;
  State m_state = State::walking;
  bool m_waiting = false;
  bool m_hit = false;
  bool m_took_walk = false;
  TimePs m_time;
  TimePs m_walk_begin = 0;
  OpenWalks::Number m_awaited = OpenWalks::none;  // another's walk
  OpenWalks::Number m_open = OpenWalks::none;     // the own one, that others may wait for
  std::array<std::uint8_t, 2> m_granule{12, 12};  // of each stage, as the walk has told
  MemoryOp m_op;
  TlbEntry m_entry;
  CacheKey m_key;
  pgtable::Fault m_fault;
  std::optional<pgtable::Walk> m_walk;
};

/// Whether an entry answers an access as it is: the rights are there, and no flag has to be updated first.
inline bool serves(const TlbEntry& entry, pgtable::AccessType access, bool privileged) {
  return pgtable::check_permission(entry.rights, access, privileged) == pgtable::PermissionCheck::allowed;
}

}  // namespace smmuvp::smmu
