use super::Column;
use crate::data::Element;
use crate::error::Result;
use crate::leaves::Turn;
use crate::losses::lines::Entries;
use crate::losses::parameter::Numbers;
use crate::losses::sight::Still;
use crate::simd::run;

impl<T: Element> Column<'_, T> {
    /// Column c takes the place of the one before.
    pub fn load(&mut self, c: usize) -> Result<()> {
        self.c = c;
        let sight = self.sight;
        let plan = sight.plan;
        let partners = sight.lines.shape(sight.side).1;
        let zeros_apart = sight.loss.zeros_apart();
        let zeros_wanted = plan.still == Still::Entries;
        let list_zeros = plan.listed && zeros_wanted;
        for own in [&mut self.x, &mut self.weights, &mut self.zero_weights] {
            own.clear();
        }
        self.indices.clear();
        if plan.whole {
            self.x.resize(partners, 1.0);
            self.weights.resize(partners, 0.0);
        }
        if zeros_wanted && !plan.listed {
            self.zero_weights.resize(partners, 0.0);
        }
        let Self {
            local,
            indices,
            x: xs,
            weights,
            zero_weights,
            filled,
            ..
        } = self;
        sight.lines.each(sight.side, c, local, filled, |_, line| {
            let first = line.first;
            if let Entries::Listed {
                indices: own,
                values,
                ..
            } = line.entries
                && plan.plain
                && (!zeros_wanted || plan.listed)
            {
                indices.extend(own.iter().map(|&i| i + first as u32));
                xs.extend(values.iter().map(|x| x.to_f64()));
                return;
            }
            let rest = matches!(
                line.entries,
                Entries::Listed {
                    rest_missing: false,
                    ..
                }
            );
            if rest && zeros_wanted && !plan.listed {
                for (i, out) in zero_weights[first..first + line.length]
                    .iter_mut()
                    .enumerate()
                {
                    *out = line.weights.at(i);
                }
            }
            if rest && !zeros_apart && plan.whole {
                for i in 0..line.length {
                    xs[first + i] = 0.0;
                    weights[first + i] = line.weights.at(i);
                }
            }
            line.entries.stored(line.length, |i, x| {
                let (x, place) = (x.to_f64(), first + i);
                let weight = if x.is_nan() { 0.0 } else { line.weights.at(i) };
                let zero = zeros_apart && x == 0.0;
                if zeros_wanted && !plan.listed {
                    zero_weights[place] = if zero { weight } else { 0.0 };
                }
                let looked_at = weight > 0.0 && !zero;
                if plan.whole {
                    xs[place] = if looked_at { x } else { 1.0 };
                    weights[place] = if looked_at { weight } else { 0.0 };
                } else if looked_at {
                    indices.push(place as u32);
                    xs.push(x);
                    weights.push(weight);
                    if list_zeros {
                        zero_weights.push(0.0);
                    }
                } else if list_zeros && weight > 0.0 {
                    indices.push(place as u32);
                    xs.push(1.0);
                    weights.push(0.0);
                    zero_weights.push(weight);
                }
            });
        });
        // Where all is plain they are not told one by one.
        self.weights.resize(self.x.len(), 1.0);
        if list_zeros {
            self.zero_weights.resize(self.x.len(), 0.0);
        }
        self.gather()
    }

    fn gather(&mut self) -> Result<()> {
        let sight = self.sight;
        self.length = self.x.len().next_multiple_of(T::LANES);
        if sight.plan.whole {
            return Ok(());
        }
        let k = sight.partner.k;
        run(Turn {
            panel: sight.partner.data(),
            stride: sight.partner.stride,
            k,
            indices: Some(&self.indices),
            line: self.length,
            out: self.gathered.of(k * self.length)?,
        });
        let list = |numbers: Numbers<'_>, out: &mut Vec<f64>, indices: &[u32]| {
            if let Numbers::Each(values) = numbers {
                out.clear();
                out.extend(indices.iter().map(|&i| values[i as usize]));
            }
        };
        list(sight.dispersions(self.c), &mut self.own_p, &self.indices);
        if sight.plan.listed
            && let Some(pi) = sight.inflations(self.c)
        {
            list(pi, &mut self.own_pi, &self.indices);
        }
        Ok(())
    }
}
