// Follows what software does to tables, structures and queues of an SMMUv3, and names its mistakes.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "smmuvp/checker/atc_log.h"
#include "smmuvp/checker/command_log.h"
#include "smmuvp/checker/enable_rules.h"
#include "smmuvp/checker/finding.h"
#include "smmuvp/checker/look.h"
#include "smmuvp/checker/smmuv2_rules.h"
#include "smmuvp/checker/surroundings.h"

namespace smmuvp::checker {

/// Is told what happens, in the order in which it does, and looks at nothing by itself. A word of memory
/// means something once an access has used it as a structure or a descriptor.
///
/// What a cache may hold is told from what it does hold: by the architecture, whatever has been used since it
/// was last invalidated may be cached, whether this SMMU still has it or not.
class Checker {
 public:
  /// @param surroundings  outlives it
  explicit Checker(Surroundings& surroundings) : m_surroundings(surroundings) {}

  /// Another SMMU. @return its number
  unsigned add(std::string name, const smmuv3::Features& features);
  /// Another SMMUv2. @return its number, among all
  unsigned add(std::string name, const Smmuv2Rules::Sizes& sizes);

  // ---- accesses

  /// An access of a stream to a page is made. @return whether what decides about it may have changed since
  /// the last look at one: accessed() is to be told of this one
  bool access(unsigned smmu, std::uint32_t stream_id, std::optional<std::uint32_t> substream_id,
              std::uint64_t iova, std::uint64_t time_ps);
  /// How many of those accesses the checker has looked at by itself.
  std::uint64_t walks() const { return m_walks; }
  /// An access was made, and this is what decided about it.
  void accessed(unsigned smmu, const Look& look);

  /// A Translation Request was answered by what accessed() was told of, for 2^log2size bytes.
  void granted(unsigned smmu, std::uint32_t stream_id, std::uint64_t address, unsigned log2size) {
    m_smmus[smmu].atcs.granted(stream_id, address, log2size, ++m_now);
  }

  // ---- commands

  /// Software has moved PROD of a command queue: what is behind it is by this writer.
  void issued(unsigned smmu, unsigned queue, std::uint32_t prod, Writer writer);
  /// @param cons  of the queue, as an index and its wrap bit
  void executed(unsigned smmu, const smmuv3::Command& command, unsigned queue, std::uint32_t cons);
  /// The CMD_SYNC that a queue executed last is complete.
  void synchronised(unsigned smmu, unsigned queue);
  /// Software has read how far a queue is.
  void looked(unsigned smmu, unsigned queue);

  // ---- registers

  /// Software writes a register of the Non-secure interface, by its name in the specification; before that
  /// has an effect.
  void register_written(unsigned smmu, std::string_view name, std::uint64_t value, const Writer& writer);
  void register_read(unsigned smmu, std::string_view name, std::uint64_t value);
  /// Who has asked for what a command queue works at.
  Issuer issuer(unsigned smmu, unsigned queue);

  // ---- memory

  /// Whether stored() has a use for a word.
  bool means_something(std::uint64_t physical) const;
  /// An aligned word of 64 bits in a page that is watched has changed.
  void stored(std::uint64_t physical, std::uint64_t before, std::uint64_t after, const Writer& writer);

  // ---- the end

  /// Values that say what is still open, as registers of the Non-secure interface have them.
  struct Registers {
    std::uint32_t CR0 = 0, GERROR = 0, GERRORN = 0;
    std::uint32_t CMDQ_PROD = 0, CMDQ_CONS = 0;
    std::uint32_t EVENTQ_PROD = 0, EVENTQ_CONS = 0;
    // Accesses that wait for CMD_RESUME: how many, and the first of them.
    std::size_t stalled = 0;
    std::uint32_t stalled_stream_id = 0;
    std::uint64_t stalled_address = 0;
  };
  /// The run is over: what is still open is told.
  void ended(unsigned smmu, const Registers& registers, std::uint64_t time_ps);
  /// Of an SMMUv2. @param values  of registers, by the specification's names
  void ended(unsigned smmu, const std::map<std::string, std::uint64_t>& values, std::uint64_t time_ps);

 private:
  struct Change {
    Sequence at = 0;
    std::uint64_t before = 0, after = 0;
    Writer writer;
  };
  /// A descriptor of a table.
  struct Descriptor {
    unsigned smmu = 0;
    TranslationChange what;    // `table` and `global` as of `cached`
    std::uint64_t iova = 0;    // of an access that used it
    std::uint64_t value = 0;   // in memory
    std::uint64_t cached = 0;  // what it was when it was used last
    Sequence used = 0;         // when
    bool may_be_cached = false;
    std::optional<Change> last;
    std::optional<Sequence> taken_away;  // when `cached` was replaced or made invalid
    Writer remover;                      // by whom
    Sequence told = 0;                   // the last change that a finding was about
    bool used_since = false;             // after `taken_away`
    std::uint64_t root = 0;              // TTB of its stage
    std::optional<Change> kept;          // taken away while a device may have kept it
    std::uint64_t run_told = 0;          // the value for which contiguous.run was told
  };
  struct Structure {
    unsigned smmu = 0;
    ConfigurationChange what;  // for the stream that has used it last
    // Streams and SubstreamIDs that have used it, and when last.
    std::map<std::pair<std::uint32_t, std::optional<std::uint32_t>>, Sequence> users;
    Look::Kind kind = Look::Kind::STE;
    std::uint64_t address = 0;
    unsigned words = 8;
    Sequence used = 0;
    std::optional<Change> last;  // since what is in memory was used
    Sequence told = 0;
    std::array<std::uint64_t, 8> memory{};
    std::array<std::uint64_t, 8> checked{};  // what was looked through for Reserved bits
    bool settled = false;                    // what was used of it is invalidated
    // Changes of a valid one:
    unsigned live_word = 0;
    Sequence live_at = 0;  // 0: none
    // Of one that is not valid:
    Sequence filled_at = 0;
    std::optional<Change> kept;   // of what leads to tables, while a device may have kept translations
    std::optional<Change> early;  // it was made valid before that was invalidated
  };
  /// A table of descriptors whose way was taken away.
  struct Retired {
    std::uint64_t parent = 0;  // address of the descriptor that led to it
    Sequence since = 0;
  };
  struct Queue {
    struct Batch {
      std::uint32_t prod;
      Issuer issuer;
    };
    std::deque<Batch> batches;  // that are not executed to their end
    bool sync_is_signalled = false;
  };
  struct Smmu {
    std::string name;
    smmuv3::Features features;  // what commands are understood by, and IDR3.BBML
    CommandLog log;
    std::map<unsigned, Queue> queues;
    EnableRules enable;
    AtcLog atcs = {};
    Sequence configured = 0;  // when a register was written that says how streams are translated
    std::optional<Smmuv2Rules> smmuv2 = {};  // of an SMMUv2, instead
  };
  /// Whose translations entries of a TLB are: ASID and VMID of a regime, by half of the addresses; or a VMID.
  struct Space {
    unsigned smmu;
    unsigned stage;
    Regime regime;
    std::uint16_t vmid, asid;
    bool upper;
    friend bool operator<(const Space& a, const Space& b) {
      return std::tie(a.smmu, a.stage, a.regime, a.vmid, a.asid, a.upper) <
             std::tie(b.smmu, b.stage, b.regime, b.vmid, b.asid, b.upper);
    }
  };
  struct Page {
    unsigned smmu;
    std::uint32_t stream_id;
    std::uint64_t substream;  // and whether there is one
    std::uint64_t page;
    friend bool operator<(const Page& a, const Page& b) {
      return std::tie(a.smmu, a.stream_id, a.substream, a.page) <
             std::tie(b.smmu, b.stream_id, b.substream, b.page);
    }
  };

  void ended_translations(unsigned smmu, std::uint64_t time_ps);
  static Page page_of(unsigned smmu, std::uint32_t stream_id, std::optional<std::uint32_t> substream_id,
                      std::uint64_t iova);
  void remember(const Page& page, const Look& look);
  void learn_way(unsigned smmu, const Look& look);
  bool walk(unsigned smmu, const Page& page, std::uint64_t iova, std::uint64_t time_ps);
  void use(unsigned smmu, const Look& look, const Look::Step& step);
  void use(Descriptor& d, std::uint64_t descriptor) const;
  bool settle(Descriptor& d) const;
  void use(unsigned smmu, const Look& look, const Look::Structure& structure);
  void forget_what_is_too_much();
  void stale(unsigned smmu, const Look& look);
  bool changed_since(std::uint64_t address, Sequence since) const;
  Answer about(const Structure& s, Sequence since) const;
  void stale_structure(const Look& look, Structure& s);
  void stale_descriptor(const Look& look, std::uint64_t address, Descriptor& d);
  void changed(std::uint64_t address, Descriptor& d, const Change& change);
  void becomes_valid(std::uint64_t address, Descriptor& d, const Change& change);
  void reuse(std::uint64_t address, const Change& change);
  void check_kept(unsigned smmu, const Invalidation::Translations* by, std::uint64_t time_ps);
  void check_atcs(unsigned smmu, const smmuv3::Command& command, const Issuer& issuer);
  void check_global(const Look& look, std::uint64_t address, const Descriptor& d);
  void check_run(std::uint64_t address, Descriptor& d);
  void check_space(const Look& look, const Space& space, std::uint64_t root);
  void check_spaces(unsigned smmu, const Look& look);
  void check_words(Structure& s, const Look& look);
  void changed(Structure& s, unsigned word, const Change& change);
  void forget_table(std::uint64_t page);
  static std::uint64_t last_of(const Descriptor& d);  // address that it is about
  static TranslationChange change_of(const Descriptor& d);
  std::map<std::uint64_t, Descriptor*> descriptors_in_order();
  void tell(RuleId rule, const Descriptor& d, std::uint64_t address, std::string text, std::uint64_t time_ps,
            const Answer& answer = {}, const Writer* writer = nullptr);
  void tell(RuleId rule, const Structure& s, std::string text, std::uint64_t time_ps,
            const Answer& answer = {});
  void tell_end(RuleId rule, const Smmu& smmu, std::string text, std::uint64_t time_ps,
                const Issuer& issuer = {});

  Surroundings& m_surroundings;
  std::vector<Smmu> m_smmus;
  Sequence m_now = 1;
  struct Looked {
    Sequence at = 0;
    bool stale = false;
    std::vector<std::uint64_t> words;  // addresses of what decided
  };
  std::map<Page, Looked> m_looked;
  /// How accesses of a stream are translated, by one stage: nothing about it has changed as long as its
  /// structures, and registers, have not.
  struct Way {
    Sequence at = 0;
    std::vector<std::uint64_t> structures;  // addresses
    Look look;                              // without steps
    unsigned stage = 1;
    unsigned level = 0;                    // that it begins at
    std::uint64_t input = 0, address = 0;  // of one that was walked: of its first descriptor
  };
  std::map<std::tuple<unsigned, std::uint32_t, std::uint64_t, bool>, Way> m_ways;
  std::uint64_t m_walks = 0;
  Sequence m_last_change = 0;                                   // of a word that means something
  Sequence m_last_command = 0;                                  // that is no CMD_SYNC
  std::unordered_map<std::uint64_t, Descriptor> m_descriptors;  // by address
  std::map<std::uint64_t, Structure> m_structures;              // by address of the first word
  std::unordered_map<std::uint64_t, Retired> m_retired;         // by page
  std::map<Space, std::uint64_t> m_spaces;                      // TTBs
  std::set<std::uint64_t> m_kept;                               // addresses of structures with `kept`
  std::set<std::uint64_t> m_pending;  // addresses of descriptors that were taken away, not all settled yet
  /// Global leaves, by VMID and first address: where the descriptor is.
  std::map<std::tuple<unsigned, std::uint16_t, std::uint64_t>, std::uint64_t> m_global;
};

}  // namespace smmuvp::checker
