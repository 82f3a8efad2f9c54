//! Arrays, small and large: where they begin, and that nothing is left in them of others.

use factorloom_core::error::ErrorCode;
use factorloom_core::memory::{Lasting, zeros};

/// Lengths about the size from which an array lies in pages of its own, and about that of a page.
fn lengths() -> impl Iterator<Item = usize> {
    let about = |length: usize| length.saturating_sub(2)..=length + 2;
    [0, 8, 512, 1 << 17, 1 << 18, 300_000]
        .into_iter()
        .flat_map(about)
}

#[test]
fn an_array_begins_on_a_cache_line() {
    for length in lengths() {
        let numbers = Lasting::<f64>::zeros(length).unwrap();
        assert_eq!(numbers.len(), length);
        assert_eq!(numbers.as_ptr() as usize % 64, 0, "{length}");
        assert_eq!(Lasting::<f32>::unset(length).unwrap().len(), length);
        assert_eq!(
            Lasting::<u16>::unset(length).unwrap().as_ptr() as usize % 64,
            0
        );
    }
}

#[test]
fn zeros_are_zero_wherever_an_array_lay_before() {
    for length in lengths() {
        for other in [length, length - length / 32, length + length / 32] {
            drop(Lasting::copied(&vec![f64::NAN; length]).unwrap());
            let numbers = Lasting::<f64>::zeros(other).unwrap();
            assert!(
                numbers.iter().all(|x| x.to_bits() == 0),
                "{length}, {other}"
            );
        }
    }
}

#[test]
fn arrays_that_are_there_at_the_same_time_lie_apart() {
    let threads: Vec<_> = (1..=4)
        .map(|thread| {
            std::thread::spawn(move || {
                for round in 0..40 {
                    let length = (1 << 17) + thread * round * 100;
                    let own = Lasting::copied(&vec![thread as f64; length]).unwrap();
                    let mut other = Lasting::<f64>::zeros(length).unwrap();
                    other.fill(-1.0);
                    assert!(own.iter().all(|&x| x == thread as f64));
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn an_array_without_room_is_an_error() {
    for length in [usize::MAX, usize::MAX / 8, usize::MAX / 16] {
        // Something is there that could be taken.
        drop(Lasting::<f64>::zeros(1 << 18).unwrap());
        for error in [
            Lasting::<f64>::zeros(length).err(),
            Lasting::<f64>::unset(length).err(),
            zeros::<f64>(length).err(),
        ] {
            assert_eq!(error.unwrap().code, ErrorCode::OutOfMemory, "{length}");
        }
    }
}
