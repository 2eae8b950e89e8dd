// A random program: registers, structures, tables, commands and accesses, made so that most accesses
// translate and everything else occurs, too.
#pragma once

#include <cstdint>

#include "pair.h"
#include "random.h"

namespace smmuvp::compare {

/// Makes and runs programs on a pair. Programs of one instance share the pair's features, and most of the
/// contents of its tables.
///
/// Memory repeats every 256 KiB. Its upper half is translation tables, whatever level and stage they are read
/// as: each page is full of descriptors that point to other pages of that half, and has the CDs of all
/// streams at its end, so that a CD whose address stage 2 translates is found wherever it leads. Caches make
/// it necessary to invalidate what is changed: by one of the commands that suffice, chosen at random.
class Programs {
 public:
  Programs(Pair& pair, std::uint64_t seed, Tally& tally);
  /// @return whether the models agreed; else Pair::difference() tells.
  bool run(std::uint64_t seed);
  /// Another kind of program, with large caches: what a command does not name stays cached, and what it names
  /// has a new meaning.
  bool run_survivors(std::uint64_t seed);
  /// The STE of a stream and all CDs, as words.
  std::string show_structures(std::uint32_t stream_id);

 private:
  using Words = std::array<std::uint64_t, 8>;
  static constexpr unsigned streams = 4;
  static constexpr unsigned contexts = 4;

  // structures
  void fill_tables();
  std::uint64_t descriptor();
  struct Run {
    unsigned first, count;
  };
  /// @return what was changed
  Run put_stes(unsigned sid);
  void draw_ste(unsigned sid, unsigned CONT);
  void put_cd(unsigned context);
  std::uint16_t draw_PARTID(bool MPAM_NS);
  std::uint8_t draw_PMG(bool MPAM_NS);
  void draw_label(Words& ste);
  void put_vms(unsigned n);
  void put_stream_table();
  std::uint64_t ste_address(unsigned sid) const;
  std::uint64_t random_ste(unsigned word);

  // steps
  void initialize();
  void initialize_software();
  void act_as(bool secure);
  /// Software of each Security state in turn; then that of before goes on.
  template <class F>
  void for_each_state(F f) {
    const bool before = m_secure;
    for (const bool secure : {false, true}) {
      if (secure && !m_features.SECURE_IMPL) break;
      act_as(secure);
      f();
    }
    act_as(before);
  }
  void step();
  void do_something();
  void invalidate_what_was_updated();
  void access();
  void request_translation();
  void access_translated();
  void invalidate_atc();
  void request_page();
  void respond_to_page_request();
  void read_page_requests();
  void separate_el2_contexts(std::uint32_t sid, std::uint32_t substream_id);
  smmu::AccessRequest draw_access();
  std::uint64_t draw_address(const smmu::AccessRequest& by);
  void change_ste();
  void change_cd();
  void change_vms();
  void change_tables();
  void command(std::uint64_t word0, std::uint64_t word1);
  void send_command(std::uint64_t word0, std::uint64_t word1);
  /// SSec of commands that name a StreamID of this state (4.1.6).
  std::uint64_t SSec() const { return m_secure ? 1ULL << 10 : 0; }
  bool has_vms() const {
    return m_features.has_vms(m_secure ? smmuv3::SecSid::secure : smmuv3::SecSid::non_secure);
  }
  bool has_el2() const { return m_secure ? m_features.SEL2 : m_features.Hyp; }
  void change_secure_controls();
  void change_everything_while_disabled();
  void random_command();
  void random_command(std::uint64_t opcode);
  void random_register();
  void random_mpam_register();
  void initialize_mpam();
  void read_events();
  void resume();
  void mend_errors();
  // ecmdq.cpp
  std::uint32_t ecmdq_place(unsigned n) const;
  void enable_ecmdqs();
  void choose_queue();
  void ecmdq_command(std::uint64_t word0, std::uint64_t word1);
  void mend_ecmdqs();
  void random_ecmdq_register();
  void configure_msis();
  std::uint64_t msi_address();
  void translate_address();
  void translate_for_a_vm();

  // survivors.cpp
  struct Cached;
  struct Named;
  std::optional<Cached> cache();
  void fill_caches(std::vector<Cached>& cached);
  Named draw_command(const std::vector<Cached>& cached);
  void change_named(const std::vector<Cached>& cached, const Named& named);
  void look_at(std::vector<Cached>& cached, const Named& named);

  // what suffices
  void invalidate_stes(const Run& run);
  void invalidate_all_cds();
  void invalidate_vmss();
  void invalidate_tlbs();
  void invalidate_secure_tlbs();
  void forget_everything();
  void forget_what_non_secure_tables_made();
  void forget_wild_streams();
  void sync();

  bool chance(unsigned n) { return m_random.one_in(n); }

  Pair& m_pair;
  Tally& m_tally;
  const smmuv3::Features& m_features;
  Random m_random;
  unsigned m_queue = 0;        // whose commands follow: 0: SMMU_CMDQ_*, n + 1: SMMU_ECMDQ_*n
  bool m_tidy_tables = false;  // few descriptors of this machine fault by themselves
  bool m_tidy = false;         // few structures of this program are ILLEGAL, few accesses hopeless
  bool m_lpae = false;         // its stage 2 is VMSAv8-32, where it is tidy
  struct Granted {
    std::uint32_t stream_id;
    smmu::AtsAnswer answer;
  };
  struct Stall {
    std::uint32_t StreamID;
    std::uint16_t STAG;
  };
  /// What software of a Security state has set up, and what its devices know.
  struct Software {
    bool two_level = false;
    unsigned log2_commands = 5, log2_events = 4, log2_requests = 2;
    std::uint32_t cr0 = 0;
    std::array<Words, streams> stes{};
    std::array<Words, contexts> cds{};
    std::vector<smmu::AccessRequest> known;  // some that were forwarded
    std::set<std::uint16_t> vmids;           // of STEs since all VMSs were invalidated
    std::vector<Granted> granted;            // some Translation Completions
    std::vector<Stall> stalls;
    std::uint64_t last_context = ~0ULL;
  };
  std::array<Software, 2> m_software;  // Non-secure, Secure
  Software* m_own = &m_software[0];    // that goes on
  // Whether of the Secure state, and the StreamID: those beyond `streams` that this step has named.
  std::vector<std::pair<bool, std::uint32_t>> m_wild;
  bool m_secure = false;     // it is the Secure one
  bool m_by_secure = false;  // Secure software sends the commands that Non-secure software needs
  bool m_abandoned = false;  // a table that hardware updates is one of tables in two ways at once
};

}  // namespace smmuvp::compare
